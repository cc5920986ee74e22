import Bytes
import Client
import Glibc
import Settings

/// Reads and changes the configuration: at the daemon when one runs, else in its file.
struct ConfigCommand: Command {
    static let spec = CommandSpec(
        word: "config",
        summary: "Read and change the configuration",
        discussion: """
            A running daemon takes changes at once, apart from those that it names as waiting for a restart; without one \
            its file is changed. get shows what is set, or one key; set takes a key and its value, or several such pairs; \
            unset takes keys; apply puts a whole file in place (- is standard input), reset writes what runs over the \
            file, edit opens the file in your editor, keys lists all keys, path tells where the file is.

            The last two versions of the file are kept beside it. Secrets are shown only with --show-secrets. The value - \
            is read from standard input, where no list of processes shows it.
            """,
        positionals: [
            PositionalSpec(
                Action.allCases.map(\.rawValue).joined(separator: "|"),
                completion: .words(Action.allCases.map(\.rawValue))),
            PositionalSpec("ARGUMENT", .optionalMany, completion: .files),
        ],
        options: [
            .flag("show-secrets", "Show keys and tokens in clear"),
            .flag("dry-run", short: "n", "Only show what would change"),
            .flag("yes", short: "y", "Do not ask"),
        ],
        examples: [
            .init("drover config get llm.model", "one key"),
            .init("drover config set llm.provider mock", "change one"),
            .init("drover config set secrets.openai_api_key - < key", "a secret"),
            .init("drover config apply config.json", "put a whole file in place"),
        ])

    enum Action: String, CaseIterable {
        case get
        case set
        case unset
        case apply
        case reset
        case edit
        case keys
        case path
    }

    private enum Order {
        case get(String?)
        case set([(key: String, value: String)])
        case unset([String])
        case apply(String)
        case reset
        case edit
        case keys
        case path
    }

    private let order: Order
    private let revealsSecrets: Bool
    private let isDry: Bool
    private let asJSON: Bool
    private let consent: Consent

    init(_ arguments: inout Arguments) throws(UsageError) {
        let word = try arguments.positional("verb: " + Action.allCases.map(\.rawValue).joined(separator: ", "))
        guard let action = Action(rawValue: word) else {
            let near = closest(to: word, among: Action.allCases.map(\.rawValue))
            throw UsageError(
                "It cannot \"\(word)\"" + (near.map { "; did you mean \($0)?" } ?? "."), verb: "config")
        }
        switch action {
        case .get: order = .get(arguments.optionalPositional())
        case .set:
            let words = try arguments.rest("KEY and a VALUE")
            guard words.count.isMultiple(of: 2) else {
                throw UsageError("\(words[words.count - 1]) needs a VALUE.", verb: "config")
            }
            order = .set(stride(from: 0, to: words.count, by: 2).map { (words[$0], words[$0 + 1]) })
        case .unset: order = .unset(try arguments.rest("KEY"))
        case .apply: order = .apply(try arguments.positional("FILE"))
        case .reset: order = .reset
        case .edit: order = .edit
        case .keys: order = .keys
        case .path: order = .path
        }
        revealsSecrets = arguments.flag("show-secrets")
        isDry = arguments.flag("dry-run")
        asJSON = arguments.flag("json")
        consent = Consent(isGiven: arguments.flag("yes"))
        try arguments.finish()
    }

    func run(in context: Context) throws(CommandFailure) -> ExitCode {
        if case .keys = order { return keys(on: context.console) }
        let desk = try context.configurationDesk()
        let view = try desk.view()
        switch order {
        case .get(let key): return try get(key, view, on: context.console)
        case .set(let pairs):
            let document = try sound(view).disk
            let changed = try setting(pairs, in: document, context)
            return try carryOut(changed.encoded(), changed, desk, view, context)
        case .unset(let names):
            let document = try sound(view).disk
            let changed = try setting(names.map { ($0, "") }, in: document, context)
            return try carryOut(changed.encoded(), changed, desk, view, context)
        case .apply(let name):
            let text = try read(name, context)
            return try carryOut(text, try Self.document(text, name), desk, view, context)
        case .edit: return try edit(desk, view, context)
        case .reset: return try reset(desk, view, context)
        case .keys, .path:
            if asJSON {
                context.console.print(["config_path": .string(view.path), "backups": view.backups])
            } else {
                context.console.print(view.path)
            }
            return .ok
        }
    }

    // MARK: - Looking

    private func get(_ key: String?, _ view: ConfigurationView, on console: Console) throws(CommandFailure) -> ExitCode
    {
        let shown = revealsSecrets ? view.running : view.running.masked()
        guard let key else {
            if asJSON { console.print(shown.json) } else { list(shown, view, on: console) }
            return .ok
        }
        let path = try ConfigurationWords.path(key, in: view.running)
        let value = shown.value(at: path) ?? .null
        if asJSON || value.object != nil {
            console.print(value)
        } else if !value.isNull {
            console.print(ConfigurationWords.text(value))
        } else if let standard = ConfigurationKey(rawValue: key)?.standard {
            console.remark("\(key) is not set, so it is \(standard).")
        } else {
            console.remark("\(key) is not set.")
        }
        return .ok
    }

    private func list(_ shown: ConfigurationDocument, _ view: ConfigurationView, on console: Console) {
        let leaves = shown.leaves
        var table = Table([Table.Column("KEY"), Table.Column("VALUE", shrinksTo: 20)])
        for leaf in leaves {
            let isPending = view.pendingRestart.contains(leaf.path)
            table.rows.append([
                Table.Cell(harmless(leaf.path)),
                Table.Cell(harmless(ConfigurationWords.text(leaf.value)), isPending ? .attention : .plain),
            ])
        }
        if leaves.isEmpty {
            console.print("Nothing is set, so everything is as usual. See what can be: drover config keys")
        } else {
            for line in table.lines(on: console) { console.print(line) }
        }
        if let error = view.diskParseError { console.remark("The file is not what runs: \(harmless(error))") }
        if view.diskParseError == nil, view.disk != view.running {
            console.remark(
                "The file says something else than what runs. Take it over: drover config apply \(view.path)")
        }
        tellRestart(view.pendingRestart, on: console)
    }

    private func keys(on console: Console) -> ExitCode {
        if asJSON {
            console.print(
                .array(
                    ConfigurationKey.allCases.map { key in
                        [
                            "key": .string(key.rawValue), "form": .string(ConfigurationWords.form(of: key)),
                            "default": key.standard.map { .string($0) } ?? .null,
                            "secret": .bool(SecretMask.covers(key.path)),
                            "needs_restart": .bool(ConfigurationFile.needsRestart(key.rawValue)),
                        ]
                    }))
            return .ok
        }
        var table = Table([
            Table.Column("KEY"), Table.Column("TAKES"), Table.Column("TAKEN OVER"),
            Table.Column("WHEN UNSET", shrinksTo: 12),
        ])
        for key in ConfigurationKey.allCases {
            table.rows.append([
                Table.Cell(key.rawValue), Table.Cell(ConfigurationWords.form(of: key)),
                Table.Cell(ConfigurationFile.needsRestart(key.rawValue) ? "at restart" : "at once"),
                Table.Cell(key.standard ?? ""),
            ])
        }
        for line in table.lines(on: console) { console.print(line) }
        return .ok
    }

    // MARK: - Changing

    /// Single keys are changed in what the file says, which must be something.
    private func sound(_ view: ConfigurationView) throws(CommandFailure) -> ConfigurationView {
        if let error = view.diskParseError {
            throw CommandFailure(
                "The file is broken: \(harmless(error)).",
                hints: ["Repair it: drover config edit", "Or write what runs over it: drover config reset"])
        }
        return view
    }

    private func setting(
        _ pairs: [(key: String, value: String)], in document: ConfigurationDocument, _ context: Context
    ) throws(CommandFailure) -> ConfigurationDocument {
        var document = document
        for pair in pairs {
            let path = try ConfigurationWords.path(pair.key, in: document)
            var text = pair.value
            if text == "-" {
                text = String(decoding: try Self.readAll(context.input), as: UTF8.self)
                while let last = text.unicodeScalars.last, last == "\n" || last == "\r" {
                    text.unicodeScalars.removeLast()
                }
            }
            let value = try ConfigurationWords.value(text, for: path)
            do throws(ConfigurationProblem) {
                document = try document.setting(path, to: value)
            } catch {
                throw .unchanged(error.message)
            }
        }
        return document
    }

    /// Shows what changes, makes the change, and says what it needs.
    private func carryOut(
        _ text: [UInt8], _ document: ConfigurationDocument, _ desk: any ConfigurationDesk, _ view: ConfigurationView,
        _ context: Context, asking question: String? = nil
    ) throws(CommandFailure) -> ExitCode {
        let console = context.console
        do throws(ConfigurationProblem) { try document.check() } catch { throw .unchanged(error.message) }
        let changes = ConfigurationChanges(from: view.running, to: document)
        if !asJSON { changes.show(on: console, revealing: revealsSecrets) }
        if changes.keys.isEmpty, document == view.disk, view.diskParseError == nil {
            if asJSON {
                report(changes, view.pendingRestart, view, on: console)
            } else {
                console.remark("Nothing changes.")
            }
            return .ok
        }
        if isDry {
            if asJSON { report(changes, changes.needingRestart, view, on: console) }
            if !asJSON, desk.isLive { tellRestart(changes.needingRestart, on: console) }
            return .ok
        }
        if let question, try !consent.ask(question, on: console) {
            console.remark("Nothing was changed.")
            return .failure
        }
        let after = try desk.apply(text, seen: view)
        if asJSON {
            report(changes, after.pendingRestart, after, on: console)
        } else {
            console.remark(desk.isLive ? "Done." : "Done. No daemon runs; it takes this over when it starts.")
            tellRestart(after.pendingRestart, on: console)
            warn(of: document, after, context)
        }
        return .ok
    }

    private func reset(
        _ desk: any ConfigurationDesk, _ view: ConfigurationView, _ context: Context
    ) throws(CommandFailure) -> ExitCode {
        let console = context.console
        let changes = ConfigurationChanges(from: view.disk, to: view.running)
        if !asJSON {
            if let error = view.diskParseError { console.print("The file is broken: \(harmless(error))") }
            changes.show(on: console, revealing: revealsSecrets)
        }
        let isSame = changes.keys.isEmpty && view.diskParseError == nil
        if !isSame, !isDry {
            guard try consent.ask("Write what runs over the file?", on: console) else {
                console.remark("Nothing was changed.")
                return .failure
            }
        }
        let after = isDry ? view : try desk.reset()
        if asJSON {
            report(changes, after.pendingRestart, after, on: console)
        } else if !isDry {
            console.remark(isSame ? "Nothing changes." : "Done. What was in the file is in \(after.path).bak1.")
        }
        return .ok
    }

    private func edit(
        _ desk: any ConfigurationDesk, _ view: ConfigurationView, _ context: Context
    ) throws(CommandFailure) -> ExitCode {
        let before = view.diskRaw ?? view.raw
        let editor = try TextEditor(before, named: "config.json", in: context.environment)
        let text: [UInt8]
        do throws(CommandFailure) {
            text = try editor.edit(in: context.environment)
        } catch {
            editor.discard()
            throw error
        }
        guard text != Array(before.utf8) else {
            editor.discard()
            context.console.remark("Nothing was changed.")
            return .ok
        }
        do throws(CommandFailure) {
            let exit = try carryOut(
                text, try Self.document(text, "The text"), desk, view, context, asking: "Make these changes?")
            editor.discard()
            return exit
        } catch {
            var failure = error
            failure.hints.append(
                "Your text is in \(editor.path); put it in place with: drover config apply \(editor.path)")
            throw failure
        }
    }

    // MARK: - Telling

    private func tellRestart(_ keys: [String], on console: Console) {
        guard !keys.isEmpty else { return }
        console.remark("Taken over when the daemon starts again: \(keys.joined(separator: ", ")).")
        console.remark("Start it again with: drover down, then drover up")
    }

    /// What is allowed, and will not work.
    private func warn(of document: ConfigurationDocument, _ view: ConfigurationView, _ context: Context) {
        if let lacking = view.lacking { context.console.remark("Chats cannot run yet: \(lacking).") }
        let environment = ["CHAT_RUNTIME_TOKEN": context.environment["CHAT_RUNTIME_TOKEN"] ?? ""]
        guard let server = try? ServerSettings(document, environment: environment), let host = server.host,
            let refusal = server.refusal(toListenOn: host)
        else { return }
        context.console.remark("The daemon will not start like this: \(refusal).")
    }

    private func report(
        _ changes: ConfigurationChanges, _ pending: [String], _ view: ConfigurationView, on console: Console
    ) {
        console.print([
            "ok": true, "dryRun": .bool(isDry), "changed": .strings(changes.keys), "pending_restart": .strings(pending),
            "config_path": .string(view.path),
        ])
    }

    // MARK: - Reading

    private static func document(_ text: [UInt8], _ name: String) throws(CommandFailure) -> ConfigurationDocument {
        do throws(ConfigurationProblem) {
            return try ConfigurationDocument(parsing: text)
        } catch {
            throw .unchanged("\(name): \(error.message)")
        }
    }

    private func read(_ name: String, _ context: Context) throws(CommandFailure) -> [UInt8] {
        if name == "-" { return try Self.readAll(context.input) }
        do throws(SystemError) {
            return try File.read(name, limit: ConfigurationFile.limit)
        } catch {
            throw CommandFailure("\(name) cannot be read: \(error.reason).")
        }
    }

    private static func readAll(_ descriptor: Int32) throws(CommandFailure) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else {
                throw CommandFailure("Standard input cannot be read: \(String(cString: strerror(errno))).")
            }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= ConfigurationFile.limit else {
                throw CommandFailure("Standard input is longer than a configuration can be.")
            }
        }
    }
}
