import Client
import Glibc
import RuntimeClient

/// The daemon's chat runtime, asked from a program that waits for its answers.
struct ChatRuntime: Sendable {
    let baseURL: String
    let adapter: HTTPAdapter

    init(_ context: Context, limits: HTTPAdapter.Limits = .init()) throws(CommandFailure) {
        // A daemon elsewhere may be behind TLS, which other verbs do not speak.
        let given = context.url ?? context.environment["DROVER_URL"]
        if let given, given.hasPrefix("https://") {
            baseURL = given
        } else {
            do { baseURL = try context.daemonAddress().url } catch { throw CommandFailure(error) }
        }
        adapter = HTTPAdapter(token: context.token, onlyTo: baseURL, limits: limits)
    }

    /// Asks something and waits, with a sign of life for a person when it takes long. Ctrl-C ends the program as usual,
    /// or the asking, where signals are caught.
    func ask<Value: Sendable>(
        _ doing: String = "waiting for the daemon", in context: Context, signals: Signals? = nil,
        _ question: @escaping @Sendable (HTTPAdapter, String) async throws(RuntimeClientError) -> Value
    ) throws(CommandFailure) -> Value {
        let mailbox = ChatMailbox<Result<Value, RuntimeClientError>>()
        let task = Task { [adapter, baseURL] in
            do throws(RuntimeClientError) {
                mailbox.post(.success(try await question(adapter, baseURL)))
            } catch {
                mailbox.post(.failure(error))
            }
        }
        let progress = Progress(doing, on: context.console)
        defer { progress.finish() }
        let descriptors = [mailbox.descriptor] + (signals.map { [$0.descriptor] } ?? [])
        while true {
            _ = Poll.readable(descriptors, timeout: .milliseconds(100))
            if let result = mailbox.take().first {
                do throws(RuntimeClientError) { return try result.get() } catch {
                    throw error.isCancellation
                        ? CommandFailure("Given up.", exit: .chatInterrupted) : CommandFailure(error, at: baseURL)
                }
            }
            if let signals, signals.take().contains(where: Self.endsAsking) { task.cancel() }
            progress.tick()
        }
    }

    private static func endsAsking(_ signal: Int32) -> Bool { [SIGINT, SIGTERM, SIGHUP, SIGQUIT].contains(signal) }

    /// The session that an id or the beginning of one names; `nil` when there is none.
    func find(_ reference: String, in context: Context) throws(CommandFailure) -> ChatSession? {
        let sessions = try ask(in: context) { adapter, base throws(RuntimeClientError) in
            try await adapter.listSessions(base)
        }
        if let exact = sessions.first(where: { $0.id == reference }) { return exact }
        // Four characters or more, as everywhere.
        guard reference.utf8.count >= 4 else { return nil }
        let matches = sessions.filter { $0.id.hasPrefix(reference) }
        guard matches.count < 2 else {
            throw CommandFailure(
                "\"\(harmless(reference))\" is the beginning of more than one id.",
                hints: ["It may mean:"] + matches.map { "  \(harmless($0.id))  \($0.title)" }, exit: .chatInvalid)
        }
        return matches.first
    }

    /// The same, which must be there.
    func session(_ reference: String, in context: Context) throws(CommandFailure) -> ChatSession {
        guard let session = try find(reference, in: context) else {
            throw CommandFailure(
                "There is no chat session \"\(harmless(reference))\".",
                hints: ["See which there are: drover chat sessions"], exit: .chatNotFound)
        }
        return session
    }
}

extension ChatSession {
    /// What a list shows of it: the last thing that was said, on one line.
    var title: String {
        let last = messages.last { $0.role != .system && !$0.content.allSatisfy(\.isWhitespace) }
        guard let last else { return "(empty)" }
        return harmless(last.content.split(whereSeparator: \.isWhitespace).joined(separator: " "))
    }

    /// As people see it: the first eight characters of a UUID, otherwise all of it.
    var label: String { id.utf8.count == 36 ? String(id.prefix(8)) : harmless(id) }
}
