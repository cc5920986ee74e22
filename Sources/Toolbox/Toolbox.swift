import Bytes
import Glibc
import Models
import Settings
import Synchronization

/// The tools of a chat session in its workspace (chat-runtime §5.8, §8.2, §8.4).
///
/// Everything here may block: call it on a worker's thread. It may be called on several threads at once. The process must
/// ignore SIGPIPE, as tool servers may end while they are written to.
public final class Toolbox: Sendable {
    /// The workspace, as it was given.
    public let root: String
    let settings: ToolSettings
    let protectedPaths: [String]
    let fetch: WebFetch?
    /// Changes of files happen one at a time, so that no edit is lost to another.
    let writing = Mutex(())

    let usesLandlock: Bool
    private let servers: [ToolServer]
    /// Sorted by name.
    private let ownDeclarations: [ToolDeclaration]

    /// - Parameters:
    ///   - root: The workspace, absolute. It need not be there yet, but before a tool is run.
    ///   - protectedPaths: What tools must not touch, absolute or from the workspace: the configuration file, the
    ///     database, whatever else holds secrets. Each stands for itself, what is in it, and names beside it that continue
    ///     with `.` or `-`.
    ///   - fetch: How `web_search` reaches the web; without it the tool is left out.
    ///   - report: Is told, on a thread of the server's, when a tool server cannot be used, and why.
    public convenience init(
        root: String, settings: ToolSettings, protectedPaths: [String] = [], fetch: WebFetch? = nil,
        serverLimits: ToolServerLimits = ToolServerLimits(),
        report: @escaping @Sendable (_ server: String, _ reason: String) -> Void = { _, _ in }
    ) {
        self.init(
            root: root, settings: settings, protectedPaths: protectedPaths, fetch: fetch, serverLimits: serverLimits,
            report: report, usesLandlock: true)
    }

    /// For tests: as on a kernel without Landlock.
    init(
        root: String, settings: ToolSettings, protectedPaths: [String], fetch: WebFetch?,
        serverLimits: ToolServerLimits, report: @escaping @Sendable (_ server: String, _ reason: String) -> Void,
        usesLandlock: Bool
    ) {
        self.usesLandlock = usesLandlock
        self.root = root
        self.settings = settings
        self.protectedPaths = protectedPaths
        self.fetch = fetch
        var own = ToolDeclaration.files + [Self.loadSkillDeclaration]
        if settings.search != nil, fetch != nil { own.append(Self.webSearchDeclaration) }
        ownDeclarations = own.sorted { $0.name < $1.name }
        servers = settings.servers.map { server in
            ToolServer(server, directory: root, limits: serverLimits) { report($0, $1.reason) }
        }
    }

    deinit { for server in servers { server.close() } }

    // MARK: - What there is

    /// All tools that can be used now, sorted by name. Does not block.
    ///
    /// Tool servers are started by this, and their tools are there once they are ready: call ``prepare(isCancelled:)``
    /// first to have them.
    public var declarations: [ToolDeclaration] {
        // Every turn asks, and most workspaces have no servers.
        if servers.isEmpty { return ownDeclarations }
        for server in servers { server.wake() }
        let tools = ownDeclarations + serverTools.filter(\.isReady).map(\.declaration)
        return tools.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    /// Starts the tool servers that do not run, and waits until each is ready or has failed, which takes at most their
    /// time to start (15 s). It waits once for a server that is of no use. Without servers it returns at once.
    public func prepare(isCancelled: @escaping @Sendable () -> Bool = { false }) {
        for server in servers { server.wake() }
        for server in servers where server.isWorthWaitingFor { server.prepare(isCancelled: isCancelled) }
    }

    /// Ends the tool servers with all they have started. Blocks for at most three seconds; afterwards their tools fail.
    public func close() {
        for server in servers { server.close() }
        for server in servers { server.waitUntilClosed() }
    }

    private struct OfferedTool {
        let server: ToolServer
        /// Its name at the server.
        let name: String
        let declaration: ToolDeclaration
        let isReady: Bool
    }

    /// Also of servers that do not run at the moment. In the order of the configuration, so that names do not depend on
    /// which server was ready first.
    private var serverTools: [OfferedTool] {
        var taken = Set(ownDeclarations.map(\.name))
        var tools: [OfferedTool] = []
        for server in servers {
            let (known, isReady) = server.tools
            for tool in known {
                let name = ToolServerNames.name(of: tool.name, server: server.settings.name, taken: taken)
                taken.insert(name)
                let declaration = ToolDeclaration(
                    name: name, description: tool.description, parameters: tool.parameters)
                tools.append(OfferedTool(server: server, name: tool.name, declaration: declaration, isReady: isReady))
            }
        }
        return tools
    }

    // MARK: - Running a tool

    /// Runs a tool and returns what it has to say, at most 64 KiB. Blocks until it is done, and some tools for half a
    /// minute. Never fails otherwise than by a ``ToolOutcome`` that says so.
    ///
    /// `isCancelled` is asked now and then, on whatever thread; after `true` the tool ends soon.
    public func run(
        _ name: String, _ arguments: JSON, isCancelled: @escaping @Sendable () -> Bool = { false }
    ) -> ToolOutcome {
        do throws(ToolFailure) {
            if let tool = serverTools.first(where: { $0.declaration.name == name }) {
                guard arguments.object != nil else { throw ToolFailure("the arguments are not an object") }
                return try tool.server.call(tool.name, arguments, isCancelled: isCancelled)
            }
            return try perform(name, ToolArguments(arguments), isCancelled)
        } catch {
            return .failure(error.reason)
        }
    }

    private func perform(
        _ name: String, _ arguments: ToolArguments, _ isCancelled: @escaping @Sendable () -> Bool
    ) throws(ToolFailure) -> ToolOutcome {
        let deadline = Deadline(isCancelled)
        switch name {
        case "bash": return try bash(arguments, isCancelled)
        case "edit": return ToolOutcome(output: try edit(arguments))
        case "find": return ToolOutcome(output: try find(arguments, deadline))
        case "grep": return ToolOutcome(output: try grep(arguments, deadline))
        case "load_skill": return ToolOutcome(output: try loadSkill(arguments))
        case "ls": return ToolOutcome(output: try list(arguments))
        case "memory_get": return ToolOutcome(output: try memoryGet(arguments, deadline))
        case "memory_search": return ToolOutcome(output: try memorySearch(arguments, deadline))
        case "read": return ToolOutcome(output: try read(arguments, deadline))
        case "web_search": return ToolOutcome(output: try webSearch(arguments))
        case "write": return ToolOutcome(output: try write(arguments))
        default: throw ToolFailure("there is no tool \(name)")
        }
    }

    /// The workspace, opened for one call.
    func sandbox() throws(ToolFailure) -> Sandbox {
        do { return try Sandbox(root: root, protectedPaths: protectedPaths) } catch { throw ToolFailure(error) }
    }
}
