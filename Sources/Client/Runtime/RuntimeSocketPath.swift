/// Where the daemon's runtime socket is, and how it is shown to people (runtime-rpc §1.1, §7).
public struct RuntimeSocketPath: Equatable, Sendable {
    public var path: String
    /// `$XDG_RUNTIME_DIR/rtm/sock` or `~/.rtm/sock` for the usual places, else the path itself (D-31).
    public var label: String

    public init(path: String, label: String? = nil) {
        self.path = path
        self.label = label ?? path
    }

    /// What the environment says. `variable` answers with the value of a variable as it is, an empty one too, and with
    /// `nil` where there is none.
    ///
    /// `RTM_SOCKET_PATH` counts even when it is empty; the other two only when they are not. Throws `.noHome` when
    /// nothing says where.
    public init(variable: (String) -> String?) throws(RuntimeRPCError) {
        if let path = variable("RTM_SOCKET_PATH") {
            self.init(path: path)
        } else if let directory = variable("XDG_RUNTIME_DIR"), !directory.isEmpty {
            self.init(path: directory + "/rtm/sock", label: "$XDG_RUNTIME_DIR/rtm/sock")
        } else if let home = variable("HOME"), !home.isEmpty {
            self.init(path: home + "/.rtm/sock", label: "~/.rtm/sock")
        } else {
            throw .noHome
        }
    }
}
