/// Decides what to do with live terminal output, so that a viewer sees every byte once and in order.
///
/// A plain value: it is told where the shown output ends and which pieces arrive, and answers what to do with each.
public struct OutputFollower: Equatable, Sendable {
    public enum Action: Equatable, Sendable {
        /// Show the piece: it continues what is shown.
        case show
        /// The piece is already shown, with the output it was fetched with.
        case skip
        /// Something is missing: fetch the output from that offset on.
        case fetch(from: Int)
    }

    /// The offset after the last byte shown.
    public private(set) var position: Int

    public init(position: Int = 0) {
        self.position = position
    }

    /// A piece of `count` bytes that begins at `offset`. One without an offset is from a daemon that does not number
    /// its output, and is fetched.
    public mutating func arrived(offset: Int?, count: Int, lost: Int = 0) -> Action {
        guard let offset else { return .fetch(from: position) }
        if offset + count <= position && lost == 0 { return .skip }
        guard offset == position, lost == 0 else { return .fetch(from: position) }
        position += count
        return .show
    }

    /// Output was fetched and shown up to `end`.
    public mutating func fetched(to end: Int) {
        position = max(position, end)
    }
}
