import Bytes

/// The file that makes opencode tell us what it does: a plugin, since it has no hooks in its settings
/// (agent-adapters §5).
public enum OpencodePlugin {
    /// The first line, by which our file is recognised.
    public static let mark = "// Drover's plugin: tells Drover what opencode does. Made by drover hooks install."

    public static func isOurs(_ bytes: [UInt8]) -> Bool { bytes.starts(with: (mark + "\n").utf8) }

    /// The program that a plugin of ours calls.
    public static func program(of bytes: [UInt8]) -> String? {
        let start = Array("const program = ".utf8)
        for line in bytes.split(separator: 0x0A) where line.starts(with: start) {
            return try? JSONText(Array(line.dropFirst(start.count)), dialect: .strict).root.string
        }
        return nil
    }

    /// The plugin's text.
    public static func text(program: String) -> [UInt8] {
        var quoted: [UInt8] = []
        JSONWriter.append(program, to: &quoted)
        return Array((mark + "\nconst program = \(String(decoding: quoted, as: UTF8.self))\n" + body).utf8)
    }

    // What is told: names, ids and file paths. Sub-agents are sessions of their own there, in the process of the session
    // that people look at: their tools and their questions are told as that one's, and their turns not at all.
    private static let body = """
        import { spawn } from "node:child_process"

        export const DroverPlugin = async ({ directory }) => {
          const parents = new Map()
          const states = new Map()
          const tell = (name, sessionID, fields = {}) => {
            if (!sessionID) return
            const isChild = parents.has(sessionID)
            if (isChild && name.startsWith("session.")) return
            let root = sessionID
            while (parents.has(root)) root = parents.get(root)
            const news = { hook_event_name: name, session_id: root, cwd: directory, ...fields }
            if (isChild) news.agent_id = sessionID
            try {
              const reporter = spawn(program, ["handle", "--agent", "opencode"], { stdio: ["pipe", "ignore", "ignore"] })
              reporter.on("error", () => {})
              reporter.stdin.on("error", () => {})
              reporter.stdin.end(JSON.stringify(news))
              reporter.unref()
            } catch {}
          }
          const change = (sessionID, state) => {
            if (states.get(sessionID) === state) return
            states.set(sessionID, state)
            tell("session." + state, sessionID)
          }
          return {
            event: async ({ event }) => {
              const about = event.properties ?? {}
              const id = about.sessionID ?? about.info?.id
              switch (event.type) {
                case "session.created":
                  if (about.info?.parentID) parents.set(id, about.info.parentID)
                  return tell("session.created", id)
                case "session.deleted":
                  tell("session.deleted", id)
                  states.delete(id)
                  parents.delete(id)
                  return
                case "session.status":
                  return change(id, about.status?.type === "idle" ? "idle" : "busy")
                case "session.idle":
                  return change(id, "idle")
                case "session.error":
                case "session.compacted":
                case "permission.asked":
                case "permission.updated":
                case "permission.replied":
                case "question.asked":
                case "question.replied":
                case "question.rejected":
                  return tell(event.type, id)
              }
            },
            "tool.execute.before": async (input, output) =>
              tell("tool.execute.before", input.sessionID, {
                tool_name: input.tool,
                tool_input: { file_path: output?.args?.filePath },
              }),
            "tool.execute.after": async (input, output) =>
              tell("tool.execute.after", input.sessionID, {
                tool_name: input.tool,
                tool_input: { file_path: input.args?.filePath ?? output?.metadata?.filepath },
              }),
            "experimental.session.compacting": async (input) => tell("session.compacting", input.sessionID),
          }
        }

        """
}
