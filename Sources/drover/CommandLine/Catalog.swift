/// All verbs, in the order in which `drover help` tells them.
enum Catalog {
    struct Chapter: Sendable {
        var title: String
        var commands: [any Command.Type]
    }

    static let chapters: [Chapter] = [
        Chapter(
            title: "Launch and look",
            commands: [
                UpCommand.self, RunCommand.self, ListCommand.self, StatusCommand.self, ShowCommand.self,
                WhyCommand.self,
                LogsCommand.self, CaptureCommand.self, ProjectsCommand.self, WhereCommand.self, EventsCommand.self,
                OpenCommand.self,
            ]),
        Chapter(
            title: "Take part",
            commands: [
                ChatCommand.self, AttachCommand.self, SendCommand.self, ApprovalsCommand.self, ApproveCommand.self,
                DenyCommand.self,
                PauseCommand.self, ResumeCommand.self, StopCommand.self, KillCommand.self,
            ]),
        Chapter(
            title: "Look after it",
            commands: [
                HooksCommand.self, ShellCommand.self, ConfigCommand.self, DownCommand.self, DoctorCommand.self,
                MCPCommand.self, CompletionCommand.self, VersionCommand.self, HelpCommand.self,
            ]),
    ]

    static let all: [any Command.Type] = chapters.flatMap(\.commands)
    static let specs: [CommandSpec] = all.map { $0.spec }

    /// What people type who come from other tools, and what it is called here. Suggested, not obeyed.
    static let synonyms = [
        "list": "ls", "ps": "ls", "state": "status", "start": "up", "serve": "up", "daemon": "up", "exec": "run",
        "launch": "run", "spawn": "run", "new": "run", "connect": "attach", "log": "logs", "tail": "logs",
        "output": "logs", "reject": "deny", "refuse": "deny", "allow": "approve", "inspect": "show", "info": "show",
        "explain": "why", "type": "send", "input": "send", "nudge": "send", "paste": "send",
        "prompt": "send", "snapshot": "capture", "screen": "capture", "screenshot": "capture", "peek": "capture",
        "rm": "stop", "end": "stop", "terminate": "stop",
        "quit": "down", "shutdown": "down", "web": "open", "dashboard": "open", "check": "doctor",
        "settings": "config", "configure": "config", "journal": "events", "ask": "chat", "talk": "chat",
        "conversation": "chat", "watch": "ls --watch", "continue": "resume",
    ]

    static func command(_ word: String) -> (any Command.Type)? {
        all.first { $0.spec.word == word }
    }
}
