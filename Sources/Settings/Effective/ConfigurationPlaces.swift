import Glibc

/// Where the configuration of the chat runtime is, and what relative paths in it stand on (chat-runtime §4.1).
public struct ConfigurationPlaces: Equatable, Sendable {
    /// The folder of the configuration file.
    public var folder: String
    /// What a relative `workspace` stands on.
    public var base: String
    /// The workspace when the file names none.
    public var standardWorkspace: String
    public var userHome: String

    /// Drover's own: everything under its home, the workspace in a folder of its own, where the configuration is out of
    /// the tools' reach. With `CHAT_RUNTIME_HOME` that folder is configuration and workspace in one, and relative
    /// workspaces stand on the user's home, as the contract's original has it.
    public init(home: String, environment: [String: String], userHome: String) {
        let userHome = Self.absolute(userHome.isEmpty ? "." : userHome)
        self.userHome = userHome
        if let folder = environment.value("CHAT_RUNTIME_HOME") {
            self.folder = Self.absolute(folder)
            base = userHome
            standardWorkspace = self.folder
        } else {
            folder = Self.absolute(home)
            base = folder
            standardWorkspace = folder + "/workspace"
        }
    }

    /// The workspace that a configuration names, or the usual one; absolute.
    public func workspace(of document: ConfigurationDocument) -> String {
        document.text(.workspace).map { resolved($0, on: base) } ?? standardWorkspace
    }

    /// A path of the file as an absolute one; `~/` is the user's home.
    func resolved(_ path: String, on base: String) -> String {
        if path == "~" { return userHome }
        if path.hasPrefix("~/") { return Self.trimmed(userHome + path.dropFirst()) }
        return Self.trimmed(path.hasPrefix("/") ? path : "\(base)/\(path)")
    }

    private static func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return trimmed(path) }
        guard let directory = getcwd(nil, 0) else { return trimmed("/" + path) }
        defer { free(directory) }
        return trimmed(path == "." ? String(cString: directory) : "\(String(cString: directory))/\(path)")
    }

    /// Without doubled and trailing slashes and steps that lead nowhere. `..` is left, since links may be before it.
    private static func trimmed(_ path: String) -> String {
        "/" + path.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
    }
}

extension ConfigurationFile {
    /// The variables that are looked at.
    public static let variables = [
        "CHAT_RUNTIME_HOME", "CHAT_RUNTIME_TOKEN", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY",
        "OPENAI_BASE_URL", "ANTHROPIC_BASE_URL", "GEMINI_BASE_URL", "PERPLEXITY_API_KEY", "TAVILY_API_KEY",
        "BRAVE_SEARCH_API_KEY", "TELEGRAM_BOT_TOKEN",
    ]
}

extension [String: String] {
    /// A variable of the environment; empty counts as unset (§4.3).
    func value(_ name: String) -> String? {
        guard let value = self[name], !value.isEmpty else { return nil }
        return value
    }
}
