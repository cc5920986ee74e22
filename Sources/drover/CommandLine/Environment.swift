import Glibc

/// The environment variables that the program looks at. A test brings its own.
struct Environment: Sendable {
    private let lookup: @Sendable (String) -> String?

    init(_ values: [String: String]) {
        lookup = { values[$0] }
    }

    private init(lookup: @escaping @Sendable (String) -> String?) {
        self.lookup = lookup
    }

    /// That of this process.
    static let current = Environment(lookup: { name in getenv(name).map { String(cString: $0) } })

    /// The value, when there is one and it is not empty.
    subscript(name: String) -> String? {
        guard let value = lookup(name), !value.isEmpty else { return nil }
        return value
    }

    /// The value even when it is empty; `nil` when the variable is not set.
    func verbatim(_ name: String) -> String? { lookup(name) }

    /// The user's own directory: `HOME`, else what the system's user database says.
    var userDirectory: String {
        if let home = self["HOME"] { return home }
        guard let entry = getpwuid(getuid()), let directory = entry.pointee.pw_dir else { return "/" }
        return String(cString: directory)
    }

    /// Drover's home.
    var droverHome: String { self["DROVER_HOME"] ?? userDirectory + "/.drover" }

    /// Whether the terminal understands UTF-8.
    var isUTF8: Bool {
        let locale = (self["LC_ALL"] ?? self["LC_CTYPE"] ?? self["LANG"] ?? "").uppercased()
        return locale.contains("UTF-8") || locale.contains("UTF8")
    }
}
