import Client
import Glibc

/// What a short-lived program said before it ended.
struct ProgramOutput: Equatable {
    /// The exit code; -1 when it was ended by a signal, ours when it took too long.
    var status: Int32
    var output: String
    var errors: String

    /// The one line that a program was asked for.
    var line: String { output.split(separator: "\n").first.map(String.init) ?? "" }

    private static let limit = 64 << 10

    /// Runs a program to its end, without input, for `patience` at most. `nil` when it cannot be started.
    init?(of program: String, _ arguments: [String], patience: Duration = .seconds(10)) {
        var outputEnds: [Int32] = [-1, -1]
        var errorEnds: [Int32] = [-1, -1]
        guard pipe(&outputEnds) == 0 else { return nil }
        guard pipe(&errorEnds) == 0 else {
            outputEnds.forEach { close($0) }
            return nil
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, outputEnds[1], STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, errorEnds[1], STDERR_FILENO)
        for end in outputEnds + errorEnds { posix_spawn_file_actions_addclose(&actions, end) }
        var words = ([program] + arguments).map { strdup($0) } + [nil]
        var pid: pid_t = 0
        let failure = posix_spawn(&pid, program, &actions, nil, &words, ProcessEnvironment.pointer)
        posix_spawn_file_actions_destroy(&actions)
        words.forEach { free($0) }
        close(outputEnds[1])
        close(errorEnds[1])
        defer {
            close(outputEnds[0])
            close(errorEnds[0])
        }
        guard failure == 0 else { return nil }
        let deadline = ContinuousClock.now + patience
        var texts: [[UInt8]] = [[], []]
        var open = [outputEnds[0], errorEnds[0]]
        var isLate = false
        while open != [-1, -1], !isLate {
            let ready = Poll.readable(open, timeout: ContinuousClock.now.duration(to: deadline))
            for index in [0, 1] where open[index] >= 0 && ready[index] {
                if !Self.read(open[index], into: &texts[index]) { open[index] = -1 }
            }
            isLate = ContinuousClock.now >= deadline
        }
        if isLate { kill(pid, SIGKILL) }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
        self.status = status & 0x7F == 0 ? status >> 8 & 0xFF : -1
        output = String(decoding: texts[0], as: UTF8.self)
        errors = isLate ? "it took longer than \(patience)" : String(decoding: texts[1], as: UTF8.self)
    }

    /// False at the end. What goes beyond the limit is read and forgotten.
    private static func read(_ descriptor: Int32, into text: inout [UInt8]) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = Glibc.read(descriptor, &buffer, buffer.count)
        if count > 0 { text += buffer[..<min(count, max(0, limit - text.count))] }
        return count > 0 || (count < 0 && errno == EINTR)
    }
}
