import Bytes
import Glibc
import Integrations

/// Whether a person agrees to what was shown.
struct Consent {
    /// `--yes`.
    var isGiven: Bool

    /// Asks, when there is somebody to ask.
    func ask(_ question: String, on console: Console) throws(CommandFailure) -> Bool {
        if isGiven { return true }
        guard isatty(STDIN_FILENO) == 1, console.errors.isTerminal else {
            throw CommandFailure(
                "Nothing was changed: there is nobody to ask.", hints: ["Agree beforehand with --yes."])
        }
        console.errors.write(Array("\(question) [y/N] ".utf8))
        let answer = readLine(strippingNewline: true) ?? ""
        return ["y", "yes"].contains(answer.lowercased())
    }
}

/// Changes to several files: shown first, then carried out.
struct ChangePlan {
    private struct Item {
        var key: String
        var name: String
        var change: ChangeKeeper.Change?
        var error: IntegrationError?
    }

    let direction: ChangeKeeper.Direction
    private var items: [Item] = []

    init(direction: ChangeKeeper.Direction) {
        self.direction = direction
    }

    mutating func add(_ key: String, named name: String, _ change: ChangeKeeper.Change) {
        items.append(Item(key: key, name: name, change: change))
    }

    mutating func fail(_ key: String, named name: String, _ error: IntegrationError) {
        items.append(Item(key: key, name: name, error: error))
    }

    /// Shows the changes, asks, and makes them. One that fails does not keep the others back.
    func carryOut(
        _ keeper: ChangeKeeper, asking consent: Consent, isDry: Bool, asJSON: Bool, remark: String?, in context: Context
    ) throws(CommandFailure) -> ExitCode {
        let console = context.console
        var items = items
        let hasChanges = items.contains { $0.change?.isNone == false }
        if !asJSON { show(on: console) }
        if hasChanges, !isDry {
            guard try consent.ask("Make these changes?", on: console) else {
                console.remark("Nothing was changed.")
                return .failure
            }
            for (index, item) in items.enumerated() {
                guard let change = item.change else { continue }
                do throws(IntegrationError) {
                    try keeper.apply(change, direction, now: context.now())
                } catch {
                    items[index].error = error
                }
            }
        }
        let failed = items.filter { $0.error != nil }
        if asJSON {
            console.print(report(items, isDry: isDry))
        } else {
            if hasChanges, !isDry, failed.count < items.count {
                console.remark("Done.")
                if let remark { console.remark(remark) }
            }
        }
        for item in failed {
            guard let error = item.error else { continue }
            console.remark("\(item.name): \(error.sentence)")
            console.remark("  " + error.hint)
        }
        return failed.isEmpty ? .ok : .failure
    }

    private func show(on console: Console) {
        for item in items {
            guard let change = item.change else { continue }
            if change.isNone {
                console.print("\(item.name): nothing to change in \(harmless(change.path))")
            } else {
                for line in change.diff.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
                    let text = harmless(String(line))
                    switch line.first {
                    case "+": console.print(console.styled(text, .good))
                    case "-": console.print(console.styled(text, .bad))
                    default: console.print(text)
                    }
                }
            }
        }
    }

    private func report(_ items: [Item], isDry: Bool) -> JSON {
        let list = items.map { item in
            JSON.omittingNil([
                "target": .string(item.key), "path": item.change.map { .string($0.path) },
                "changed": .bool(!isDry && item.error == nil && item.change?.isNone == false),
                "diff": item.change.map { .string($0.diff) }, "error": item.error.map { .string($0.sentence) },
            ])
        }
        return ["ok": .bool(!items.contains { $0.error != nil }), "dryRun": .bool(isDry), "items": .array(list)]
    }
}
