import Glibc

/// Where this process stands.
func workingDirectory() -> String? {
    guard let path = getcwd(nil, 0) else { return nil }
    defer { free(path) }
    return String(cString: path)
}

/// The path as others see it, who stand elsewhere. `.` and `..` at its beginning are resolved, the rest is left alone.
func absolutePath(_ path: String) -> String {
    if path.hasPrefix("/") { return path }
    var base = (workingDirectory() ?? "/").split(separator: "/")
    var rest = path.split(separator: "/")[...]
    while let first = rest.first, first == "." || first == ".." {
        if first == ".." { _ = base.popLast() }
        rest.removeFirst()
    }
    return "/" + (base + rest).joined(separator: "/")
}

/// What kind of thing a path names, if it names one.
enum PathKind {
    case directory
    case file

    init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self = status.st_mode & S_IFMT == S_IFDIR ? .directory : .file
    }
}

/// The first program of that name in `PATH`.
func programPath(_ name: String, in environment: Environment) -> String? {
    for directory in (environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":") {
        let path = "\(directory)/\(name)"
        if access(path, X_OK) == 0, PathKind(path) == .file { return path }
    }
    return nil
}
