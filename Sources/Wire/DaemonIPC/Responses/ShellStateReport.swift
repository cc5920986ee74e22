import Bytes
import Fleet

/// Where the shells are: what `get_shell_state` answers (daemon-ipc §2.2).
public struct ShellStateReport: Equatable, Sendable {
    public struct Shell: Hashable, Sendable {
        public var cwd: String
        /// The path of its device.
        public var tty: String
        public var parentApp: String?
        public var tmuxSession: String?
        public var tmuxClientTTY: String?
        /// When it last said so.
        public var updatedAt: Timestamp

        public init(
            cwd: String, tty: String, parentApp: String? = nil, tmuxSession: String? = nil,
            tmuxClientTTY: String? = nil, updatedAt: Timestamp
        ) {
            self.cwd = cwd
            self.tty = tty
            self.parentApp = parentApp
            self.tmuxSession = tmuxSession
            self.tmuxClientTTY = tmuxClientTTY
            self.updatedAt = updatedAt
        }
    }

    /// By process, and written in its order.
    public var shells: [UInt32: Shell]

    public init(shells: [UInt32: Shell]) { self.shells = shells }
}

extension ShellStateReport: IPCValue {
    public init(json: JSON) throws(FieldError) {
        self.init(shells: [:])
        for member in try Fields(json).members("shells") {
            let path = "shells.\(member.key)"
            guard let pid = UInt32(member.key) else {
                throw FieldError(path: path, message: "must be the number of a process")
            }
            do { shells[pid] = try Shell(json: member.value) } catch { throw error.inside(path) }
        }
    }

    public func append(to output: inout [UInt8]) {
        output.append(literal: #"{"version":1,"shells":{"#)
        var isFirst = true
        for (pid, shell) in shells.sorted(by: { $0.key < $1.key }) {
            output.append(isFirst ? "\"" : ",\"", pid)
            output.append("\":", shell)
            isFirst = false
        }
        output.append(literal: "}}")
    }
}

extension ShellStateReport.Shell: IPCValue {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            cwd: try fields.string("cwd"), tty: try fields.string("tty"),
            parentApp: try fields.optionalString("parent_app"),
            tmuxSession: try fields.optionalString("tmux_session"),
            tmuxClientTTY: try fields.optionalString("tmux_client_tty"), updatedAt: try fields.rfc3339("updated_at"))
    }

    public func append(to output: inout [UInt8]) {
        output.append(#"{"cwd":"#, cwd)
        output.append(#","tty":"#, tty)
        output.append(ifAny: #","parent_app":"#, parentApp)
        output.append(ifAny: #","tmux_session":"#, tmuxSession)
        output.append(ifAny: #","tmux_client_tty":"#, tmuxClientTTY)
        output.append(#","updated_at":"#, updatedAt)
        output.append(UInt8(ascii: "}"))
    }
}
