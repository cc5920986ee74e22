import Reactor
import Store

/// Why the daemon cannot start, as a sentence with what to do.
enum DaemonFailure: Error, CustomStringConvertible {
    case store(StoreError)
    case listen(host: String, port: UInt16, ReactorError)
    case notLoopback(String)
    /// The socket of the runtime RPC cannot be had.
    case socket(path: String, String)
    case socketHeld(path: String, byPid: Int32?)
    /// A variable of the environment does not hold what it should.
    case settings(String)
    case accountsNotSupported

    var description: String {
        switch self {
        case .store(let error): return "\(error)"
        case .settings(let sentence): return sentence
        case .socket(let path, let reason): return "cannot use the socket \(path): \(reason)"
        case .socketHeld(let path, let pid):
            return
                "another daemon\(pid.map { " (pid \($0))" } ?? "") answers at \(path); stop it, or set RTM_SOCKET_PATH to another path"
        case .listen(let host, let port, let error):
            if error.isAddressInUse {
                return
                    "port \(port) of \(host) is taken; stop who has it, or choose another with --port (0 for any free one)"
            }
            return "\(error)"
        case .notLoopback(let host):
            return
                "\(host) is not a loopback address, and without accounts only this machine may reach the daemon; use --host 127.0.0.1"
        case .accountsNotSupported:
            return
                "JWT_SECRET is set, but this version knows no accounts and would run open; unset it to run for yourself alone"
        }
    }
}
