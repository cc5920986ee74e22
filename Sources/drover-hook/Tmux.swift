import Glibc
import HookReport

/// Asks tmux, with one call, which client looks at the session that this shell's pane is in.
enum Tmux {
    /// How long tmux may take, in milliseconds.
    private static let patience = 1000

    static func client() -> TmuxClient? {
        guard let place = System.variable("TMUX") else { return nil }
        var words = ["tmux", "-u", "list-clients"]
        if let pane = System.variable("TMUX_PANE") {
            words += ["-t", pane]
        } else if let session = place.split(separator: ",").last {
            // Socket, process, and the number of the session.
            words += ["-t", "$\(session)"]
        }
        return output(of: words + ["-F", TmuxClient.format]).flatMap { TmuxClient(list: $0) }
    }

    /// What a program prints, if it ends well and in time.
    private static func output(of words: [String]) -> [UInt8]? {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { return nil }
        defer { close(ends[0]) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addclose(&actions, ends[0])
        posix_spawn_file_actions_addclose(&actions, ends[1])
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        defer { for argument in arguments { free(argument) } }
        arguments.append(nil)
        var child: pid_t = 0
        let status = posix_spawnp(&child, words[0], &actions, nil, arguments, environ)
        close(ends[1])
        guard status == 0 else { return nil }
        let text = read(ends[0])
        if text == nil { kill(child, SIGKILL) }
        var ending: Int32 = 0
        while waitpid(child, &ending, 0) < 0 && errno == EINTR {}
        return ending == 0 ? text : nil
    }

    /// Everything up to the end, or nothing when that takes too long.
    private static func read(_ descriptor: Int32) -> [UInt8]? {
        let deadline = System.uptime + patience
        var text: [UInt8] = []
        while text.count < 65_536 {
            var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = poll(&polled, 1, Int32(max(0, deadline - System.uptime)))
            if ready < 0 && errno == EINTR { continue }
            guard ready > 0 else { return nil }
            var chunk = [UInt8](repeating: 0, count: 4096)
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { return nil }
            if count == 0 { return text }
            text += chunk[..<count]
        }
        return nil
    }
}
