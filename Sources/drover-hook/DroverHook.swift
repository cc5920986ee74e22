import Fleet
import HookReport

/// The reporter that agents and shells call, also under the name `hud-hook` (daemon-ipc §9).
///
/// It starts in about a millisecond and says nothing on stdout: what some hooks print there is given to the model.
@main
struct DroverHook {
    static func main() {
        switch Invocation(Array(CommandLine.arguments.dropFirst())) {
        case .handle(let agent, let json): HandleCommand(agent: agent, json: json).run()
        case .cwd(let path, let pid, let tty):
            System.exit(CwdCommand(path: path, pid: pid, tty: tty).run())
        case .version: System.say("drover-hook \(version)", to: .output)
        case .help: System.say(help, to: .output)
        case .misuse(let what):
            System.say("drover-hook: \(what). See: drover-hook --help", to: .errors)
            // An agent would show 1 as an error of its hook, and 2 would hold it back.
            System.exit(CommandLine.arguments.dropFirst().first == "handle" ? 0 : 1)
        }
    }

    static let version = ProductVersion.current

    private static let help = """
        drover-hook: tells Drover what agents and shells do

          drover-hook handle [--agent claude|codex|gemini|opencode]
              Reads a hook's JSON on stdin. Prints nothing and always exits 0; what the daemon
              cannot take now waits in ~/.capacitor/spool.
          drover-hook cwd [PATH [PID [TTY]]]
              Tells where a shell is. What is not given is found out from the environment.
              Exits 1 when the daemon was not told.
          drover-hook --version

        Environment: CAPACITOR_DAEMON_SOCKET, CAPACITOR_DAEMON_ENABLED, CAPACITOR_DEBUG_LOG,
        HUD_SUMMARY_GEN=1 (report nothing). drover hooks install and drover shell install set it up.
        """
}
