import Bytes
import Glibc
import Models
import Settings
import Synchronization

/// The tools of a chat session in its workspace (chat-runtime §5.8, §8.2, §8.4).
///
/// Everything here may block: call it on a worker's thread. It may be called on several threads at once.
public final class Toolbox: Sendable {
    /// The workspace, as it was given.
    public let root: String
    let settings: ToolSettings
    let protectedPaths: [String]
    let fetch: WebFetch?
    /// Changes of files happen one at a time, so that no edit is lost to another.
    let writing = Mutex(())

    /// - Parameters:
    ///   - root: The workspace, absolute. It need not be there yet, but before a tool is run.
    ///   - protectedPaths: What tools must not touch, absolute or from the workspace: the configuration file, the
    ///     database, whatever else holds secrets. Each stands for itself, what is in it, and names beside it that continue
    ///     with `.` or `-`.
    ///   - fetch: How `web_search` reaches the web; without it the tool is left out.
    public init(root: String, settings: ToolSettings, protectedPaths: [String] = [], fetch: WebFetch? = nil) {
        self.root = root
        self.settings = settings
        self.protectedPaths = protectedPaths
        self.fetch = fetch
    }

    /// All tools, sorted by name. Does not block.
    public var declarations: [ToolDeclaration] {
        ToolDeclaration.files.sorted { $0.name < $1.name }
    }

    /// Runs a tool and returns what it has to say, at most 64 KiB. Blocks until it is done, and some tools for half a
    /// minute. Never fails otherwise than by a ``ToolOutcome`` that says so.
    ///
    /// `isCancelled` is asked now and then, on whatever thread; after `true` the tool ends soon.
    public func run(
        _ name: String, _ arguments: JSON, isCancelled: @escaping @Sendable () -> Bool = { false }
    ) -> ToolOutcome {
        do {
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
        case "ls": return ToolOutcome(output: try list(arguments))
        case "memory_get": return ToolOutcome(output: try memoryGet(arguments, deadline))
        case "memory_search": return ToolOutcome(output: try memorySearch(arguments, deadline))
        case "read": return ToolOutcome(output: try read(arguments, deadline))
        case "write": return ToolOutcome(output: try write(arguments))
        default: throw ToolFailure("there is no tool \(name)")
        }
    }

    /// The workspace, opened for one call.
    func sandbox() throws(ToolFailure) -> Sandbox {
        do { return try Sandbox(root: root, protectedPaths: protectedPaths) } catch { throw ToolFailure(error) }
    }
}
