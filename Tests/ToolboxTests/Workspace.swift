import Bytes
import Glibc
import Settings

@testable import Toolbox

/// A directory with a workspace and things beside it, which goes away with the test.
final class Workspace: Sendable {
    /// Holds `work` and whatever else a test puts beside it.
    let place: String

    init() {
        var template = Array("/tmp/drover-tools-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { preconditionFailure("there is a /tmp to write to") }
        place = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        mkdir(root, 0o700)
    }

    deinit { removeTree(place) }

    var root: String { place + "/work" }

    func toolbox(
        _ settings: ToolSettings = ToolSettings(), protected: [String] = [], fetch: WebFetch? = nil
    ) -> Toolbox { Toolbox(root: root, settings: settings, protectedPaths: protected, fetch: fetch) }

    /// Runs a tool with arguments written as JSON.
    func run(_ tool: String, _ arguments: JSON = [:], _ settings: ToolSettings = ToolSettings()) -> ToolOutcome {
        toolbox(settings).run(tool, arguments)
    }

    /// Writes a file of the workspace, and the directories above it; a path from `/` lies where it says.
    func write(_ path: String, _ text: String, mode: mode_t = 0o600) {
        write(path, bytes: Array(text.utf8), mode: mode)
    }

    func write(_ path: String, bytes: [UInt8], mode: mode_t = 0o600) {
        let whole = absolute(path)
        makeDirectories(String(whole[..<whole.lastIndex(of: "/")!]))
        let file = open(whole, O_WRONLY | O_CREAT | O_TRUNC, mode)
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress! + written, bytes.count - written) }
            guard count > 0 else { preconditionFailure("could not write \(whole)") }
            written += count
        }
        close(file)
    }

    func makeDirectory(_ path: String) { makeDirectories(absolute(path)) }

    func link(_ path: String, to target: String) {
        guard symlink(target, absolute(path)) == 0 else { preconditionFailure("could not link \(path)") }
    }

    func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : "\(root)/\(path)" }

    /// The text of a file, or `nil` without one.
    func text(_ path: String) -> String? {
        let file = open(absolute(path), O_RDONLY)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = read(file, &chunk, chunk.count)
            if count <= 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += chunk[..<count]
        }
    }

    func mode(_ path: String) -> mode_t? {
        var status = stat()
        return lstat(absolute(path), &status) == 0 ? status.st_mode & 0o7777 : nil
    }

    private func makeDirectories(_ path: String) {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        makeDirectories(String(path[..<path.lastIndex(of: "/")!]))
        mkdir(path, 0o700)
    }
}

/// Names in a directory, those of the system left out.
func names(in path: String) -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
}

private func removeTree(_ path: String) {
    if unlink(path) == 0 { return }
    // Names need not be UTF-8, and trees may be deeper than a path is long: that is work for a program.
    var process = pid_t()
    withCStrings(["rm", "-rf", path]) { arguments in
        _ = posix_spawnp(&process, "rm", nil, nil, arguments, environ)
    }
    var status: Int32 = 0
    waitpid(process, &status, 0)
}

extension ToolOutcome {
    /// Whether it is a refusal that says this.
    func isFailure(_ words: String) -> Bool { isError && output.hasPrefix("tool error: ") && output.contains(words) }
}
