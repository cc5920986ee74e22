/// Which room of a repository a file is in (control-plane §7.6).
public enum RoomOfFile {
    /// The session's room if the file is inside it, else the first two directories of its path at most, `.` for files
    /// at the top.
    ///
    /// - Parameters:
    ///   - path: relative to the workspace.
    ///   - sessionRoom: `roomPath` of the session.
    public static func room(of path: String, sessionRoom: String? = nil) -> String {
        let directories = segments(path).dropLast()
        if let sessionRoom {
            let room = segments(sessionRoom)
            if !room.isEmpty, directories.starts(with: room) { return room.joined(separator: "/") }
        }
        return directories.isEmpty ? "." : directories.prefix(2).joined(separator: "/")
    }

    private static func segments(_ path: String) -> [Substring] { path.split(separator: "/").filter { $0 != "." } }
}
