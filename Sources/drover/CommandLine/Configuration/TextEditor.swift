import Client
import Glibc

/// The user's own editor, on a copy of a text that nobody else can read.
struct TextEditor {
    private let folder: String
    let path: String

    /// Makes the copy.
    init(_ text: String, named name: String, in environment: Environment) throws(CommandFailure) {
        var template = Array("\(environment["TMPDIR"] ?? "/tmp")/drover-edit-XXXXXX".utf8CString)
        let folder = template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress!).map { String(cString: $0) } }
        guard let folder else { throw .unchanged("a copy cannot be made: \(String(cString: strerror(errno)))") }
        self.folder = folder
        path = folder + "/" + name
        guard writeAtomically(Array(text.utf8), to: path) else {
            throw .unchanged("a copy cannot be written to \(path)")
        }
    }

    /// Lets the user edit the copy, and returns what it says then.
    func edit(in environment: Environment) throws(CommandFailure) -> [UInt8] {
        // The variable may hold options, too.
        let editor = environment["VISUAL"] ?? environment["EDITOR"] ?? "vi"
        let command = ["sh", "-c", "\(editor) \"$1\"", "sh", path]
        var words = command.map { strdup($0) } + [nil]
        defer { words.forEach { free($0) } }
        var pid: pid_t = 0
        let error = posix_spawn(&pid, "/bin/sh", nil, nil, &words, ProcessEnvironment.pointer)
        guard error == 0 else { throw .unchanged("the editor cannot be started: \(String(cString: strerror(error)))") }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
        guard status == 0 else { throw .unchanged("\(editor) failed") }
        do throws(SystemError) {
            return try File.read(path, limit: 4 << 20)
        } catch {
            throw .unchanged("\(error.doing): \(error.reason)")
        }
    }

    /// Takes the copy away.
    func discard() {
        unlink(path)
        rmdir(folder)
    }
}
