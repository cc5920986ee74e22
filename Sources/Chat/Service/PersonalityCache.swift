import Glibc
import Synchronization
import Toolbox

/// Keeps what the personality files say until one of them changes: every turn asks for it, and they hardly ever do.
///
/// Any thread may ask.
final class PersonalityCache: Sendable {
    private struct Stamp: Equatable {
        var inode: UInt64
        var size: Int64
        var changedAt: Int64
    }

    private struct Entry {
        /// Of each file, `nil` where there is none.
        var stamps: [Stamp?]
        var text: String
    }

    /// A file that was changed within so many nanoseconds may change again without looking otherwise.
    private static let settleTime: Int64 = 100_000_000

    private let root: String
    private let protectedPaths: [String]
    private let entry = Mutex<Entry?>(nil)

    init(root: String, protectedPaths: [String]) {
        self.root = root
        self.protectedPaths = protectedPaths
    }

    /// Blocks.
    func prompt() throws(PersonalityError) -> String {
        let stamps = Personality.files.map { Self.stamp(of: "\(root)/personality/\($0)") }
        if let known = entry.withLock({ $0 }), known.stamps == stamps { return known.text }
        let text = try Personality.prompt(root: root, protectedPaths: protectedPaths)
        let now = ChatTime.now.nanoseconds
        let isSettled = stamps.allSatisfy { stamp in
            guard let stamp else { return true }
            return now - stamp.changedAt > Self.settleTime
        }
        entry.withLock { $0 = isSettled ? Entry(stamps: stamps, text: text) : nil }
        return text
    }

    private static func stamp(of path: String) -> Stamp? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return Stamp(
            inode: UInt64(status.st_ino), size: Int64(status.st_size),
            changedAt: Int64(status.st_ctim.tv_sec) * 1_000_000_000 + Int64(status.st_ctim.tv_nsec))
    }
}
