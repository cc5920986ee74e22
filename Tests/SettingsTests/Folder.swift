import Glibc

@testable import Settings

/// A folder of this test's own, with what a configuration of it needs.
final class Folder: Sendable {
    let path: String

    init() {
        var name = Array("/tmp/drover-settings-XXXXXX".utf8CString)
        path = name.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)) }
    }

    deinit { remove(path) }

    /// Drover's home in it, and an environment that takes no turn of the network.
    func open(_ environment: [String: String] = ["OPENAI_API_KEY": "sk-env"]) -> ConfigurationFile {
        ConfigurationFile(home: home, environment: environment, userHome: path)
    }

    var home: String { path + "/home" }

    func write(_ name: String, _ text: String, mode: mode_t = 0o600) {
        try? PrivateFolder.create(PrivateFile.folder(of: path + "/" + name))
        let descriptor = Glibc.open(path + "/" + name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        let bytes = Array(text.utf8)
        precondition(Glibc.write(descriptor, bytes, bytes.count) == bytes.count)
        fchmod(descriptor, mode)
        close(descriptor)
    }

    /// `nil` when there is no such file.
    func read(_ name: String) -> String? {
        guard case .bytes(let bytes)? = try? PrivateFile(path + "/" + name).read(limit: 1 << 24) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    func mode(_ name: String) -> mode_t {
        var status = stat()
        return lstat(path + "/" + name, &status) == 0 ? status.st_mode & 0o7777 : 0
    }

    func isLink(_ name: String) -> Bool {
        var status = stat()
        return lstat(path + "/" + name, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
    }

    /// Everything in a folder of it, with what it holds.
    func contents(_ name: String) -> [String: String] {
        var contents: [String: String] = [:]
        for entry in entries(path + "/" + name) { contents[entry] = read(name + "/" + entry) ?? "no file" }
        return contents
    }

    private func entries(_ path: String) -> [String] {
        guard let listing = opendir(path) else { return [] }
        defer { closedir(listing) }
        var names: [String] = []
        while let entry = readdir(listing) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
                field.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    private func remove(_ path: String) {
        for name in entries(path) {
            var status = stat()
            guard lstat(path + "/" + name, &status) == 0 else { continue }
            if status.st_mode & S_IFMT == S_IFDIR { remove(path + "/" + name) } else { unlink(path + "/" + name) }
        }
        rmdir(path)
    }
}

extension Result {
    var failure: Failure? {
        if case .failure(let failure) = self { return failure }
        return nil
    }
}
