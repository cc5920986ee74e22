import Glibc
import HookReport
import Spool

/// Finds out what an agent's settings say, and what came of it.
public struct HookInspection: Sendable {
    let files: AgentFiles
    let program: String
    let project: String?
    let isProjectScoped: Bool
    let home: String

    /// `project` is the folder whose settings count beside the user's. When it is what is asked about
    /// (`isProjectScoped`), the entries are looked for there.
    public init(files: AgentFiles, program: String, project: String?, isProjectScoped: Bool, home: String) {
        self.files = files
        self.program = program
        self.project = project
        self.isProjectScoped = isProjectScoped
        self.home = home
    }

    /// The settings of one agent.
    public func status(of agent: WatchedAgent) -> HookStatus {
        let path = files.hooks(of: agent, project: isProjectScoped ? project : nil)
        var status = HookStatus(agent: agent, path: path, isInstalled: false, findings: [])
        let again = "drover hooks install --agent \(agent.rawValue)"
        do throws(IntegrationError) {
            let bytes = try SettingsFile(path).read()
            if agent == .opencode {
                inspectPlugin(bytes, &status, again)
            } else {
                inspectEntries(bytes ?? [], &status, again)
            }
        } catch {
            status.findings.append(.init(.broken, "unreadable", error.sentence, fix: error.hint))
        }
        switch agent {
        case .claude: inspectClaude(&status)
        case .codex: inspectCodex(&status)
        case .gemini, .opencode: break
        }
        return status
    }

    // MARK: - Entries

    private func inspectEntries(_ bytes: [UInt8], _ status: inout HookStatus, _ again: String) {
        do throws(HookSettings.Failure) {
            let settings = try HookSettings(bytes, of: status.agent)
            let programs = settings.programs
            status.isInstalled = !programs.isEmpty
            guard status.isInstalled else { return }
            for program in programs { inspect(program, &status, again) }
            let broken = settings.broken(program: programs[0])
            if !broken.isEmpty {
                status.findings.append(
                    .init(
                        .notice, "incomplete", "Entries are missing or changed: \(broken.joined(separator: ", ")).",
                        fix: again))
            }
        } catch {
            status.findings.append(
                .init(
                    .broken, "unparsable", "\(status.path), line \(error.line): \(error.reason).",
                    fix: "Correct that line; \(status.agent.name) cannot read the file either."))
        }
    }

    private func inspectPlugin(_ bytes: [UInt8]?, _ status: inout HookStatus, _ again: String) {
        guard let bytes, OpencodePlugin.isOurs(bytes) else { return }
        status.isInstalled = true
        if let program = OpencodePlugin.program(of: bytes) { inspect(program, &status, again) }
    }

    private func inspect(_ named: String, _ status: inout HookStatus, _ again: String) {
        if access(named, X_OK) != 0 {
            status.findings.append(
                .init(.broken, "wrong_path", "The hooks call \(named), which cannot be run.", fix: again))
        } else if named != program {
            status.findings.append(
                .init(.notice, "other_path", "The hooks call \(named), and this Drover has \(program).", fix: again))
        }
    }

    // MARK: - What else keeps hooks silent

    private func inspectClaude(_ status: inout HookStatus) {
        for (level, path) in files.policies(project: project) {
            guard let bytes = try? SettingsFile(path).read(), let text = try? JSONText(bytes, dialect: .strict) else {
                continue
            }
            if text.root["disableAllHooks"]?.literal == "true" {
                status.findings.append(
                    .init(
                        .broken, "blocked_by_policy", "disableAllHooks is set in the \(level) settings, \(path).",
                        fix: level == "managed" ? "Ask whoever manages this machine." : "Remove it there."))
            }
            if text.root["allowManagedHooksOnly"]?.literal == "true" {
                status.findings.append(
                    .init(
                        .broken, "blocked_by_policy",
                        "allowManagedHooksOnly is set in the \(level) settings, \(path).",
                        fix: level == "managed" ? "Ask whoever manages this machine." : "Remove it there."))
            }
        }
        guard let project, isUntrusted(project) else { return }
        status.findings.append(
            .init(
                .broken, "untrusted_folder", "\(project) is not trusted yet: hooks wait for that.",
                fix: "Start claude there and accept its question."))
    }

    /// What Claude Code notes of the folders it knows. Its own business and subject to change, so only a plain no counts.
    private func isUntrusted(_ project: String) -> Bool {
        guard let bytes = try? SettingsFile(home + "/.claude.json").read(),
            let text = try? JSONText(bytes, dialect: .strict)
        else { return false }
        return text.root["projects"]?[project]?["hasTrustDialogAccepted"]?.literal == "false"
    }

    private func inspectCodex(_ status: inout HookStatus) {
        if let bytes = try? SettingsFile(files.folder(of: .codex) + "/config.toml").read(), Self.switchesHooksOff(bytes)
        {
            status.findings.append(
                .init(
                    .broken, "blocked_by_policy", "hooks = false stands under [features] in Codex's config.toml.",
                    fix: "Remove it there."))
        }
        if status.isInstalled {
            status.findings.append(
                .init(
                    .notice, "trust", "Codex runs hooks only after they were reviewed.",
                    fix: "Type /hooks in Codex once."))
        }
    }

    /// Whether `[features]` of a TOML text has `hooks = false`, or `codex_hooks`, as it was called before.
    static func switchesHooksOff(_ bytes: [UInt8]) -> Bool {
        var table = ""
        for line in bytes.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
            let code = String(
                decoding: line.prefix { $0 != UInt8(ascii: "#") }.filter { $0 != 0x20 && $0 != 0x09 }, as: UTF8.self)
            if code.hasPrefix("[") {
                table = code
            } else if table == "[features]" && (code == "hooks=false" || code == "codex_hooks=false")
                || table.isEmpty && (code == "features.hooks=false" || code == "features.codex_hooks=false")
            {
                return true
            }
        }
        return false
    }

    // MARK: - What came of it

    /// Whether events have arrived, by the reporter's heartbeat (daemon-ipc §9.6). `now` is in milliseconds since 1970.
    public func heartbeat(now: Int) -> HookStatus.Finding {
        guard let bytes = try? SettingsFile(home + "/.capacitor/hud-hook-heartbeat").read(),
            let second = Int(String(decoding: bytes.filter { (0x30...0x39) ~= $0 }, as: UTF8.self))
        else {
            return .init(
                .notice, "never_fired", "No hook has reported yet.",
                fix: "Start an agent, or one turn of one that runs.")
        }
        let age = max(0, now / 1000 - second)
        if age <= 60 { return .init(.fine, "healthy", "The last event arrived \(age) s ago.") }
        return .init(
            .notice, "stale", "The last event arrived \(Self.words(age)) ago.",
            fix: "Nothing to do when no agent has worked since.")
    }

    /// Events that wait because the daemon was away.
    public func spool() -> HookStatus.Finding? {
        let count = Spool(capacitorHome: home + "/.capacitor").count
        guard count > 0 else { return nil }
        return .init(
            .notice, "spooled", count == 1 ? "One event waits for the daemon." : "\(count) events wait for the daemon.",
            fix: "Start it: drover up")
    }

    /// Whether somebody answers at the daemon's socket.
    public func daemon() -> HookStatus.Finding {
        if let value = files.variable("CAPACITOR_DAEMON_ENABLED"), !Switch.isOn(value) {
            return .init(
                .broken, "switched_off", "CAPACITOR_DAEMON_ENABLED is \(value): hooks report nothing.",
                fix: "Unset it where the agents run.")
        }
        let path = files.variable("CAPACITOR_DAEMON_SOCKET") ?? home + "/.capacitor/daemon.sock"
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let text = Array(path.utf8)
        let isShort = withUnsafeMutableBytes(of: &address.sun_path) { field in
            guard text.count < field.count else { return false }
            field.copyBytes(from: text)
            return true
        }
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = isShort ? socket(AF_UNIX, kind, 0) : -1
        defer { if descriptor >= 0 { close(descriptor) } }
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        // A full queue means that somebody is there.
        if status == 0 || errno == EAGAIN { return .init(.fine, "daemon", "The daemon listens at \(path).") }
        return .init(
            .broken, "daemon_away", "Nobody listens at \(path); events are kept for a day.", fix: "Start it: drover up")
    }

    private static func words(_ seconds: Int) -> String {
        switch seconds {
        case ..<120: return "\(seconds) s"
        case ..<7200: return "\(seconds / 60) min"
        case ..<172_800: return "\(seconds / 3600) h"
        default: return "\(seconds / 86_400) days"
        }
    }
}
