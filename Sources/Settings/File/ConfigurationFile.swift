import Bytes
import Glibc
import Synchronization

/// The configuration file of the chat runtime and what runs of it (chat-runtime §4).
///
/// Calls may come from any thread and are carried out one after the other; other programs that change the same file
/// through this type wait for their turn, too. They touch a small local file and return when it is safe on disk.
public final class ConfigurationFile: Sendable {
    private struct Content {
        var running: ConfigurationDocument
        var settings: Result<ChatSettings, ConfigurationProblem>
    }

    /// Longest file that is read, in bytes.
    public static let limit = 4 << 20

    /// The file in use: `config.json`, or `agent.json` where only that is there.
    public let path: String
    public let places: ConfigurationPlaces
    /// What kept the file from being made when it was missing.
    public let bootstrapFailure: StorageFailure?

    private let environment: [String: String]
    /// What the process started with, and what needs a restart is compared with.
    private let started: ConfigurationDocument
    private let content: Mutex<Content>

    /// Reads the file, and makes it from the template where it is missing. Never fails: what cannot be read leaves the
    /// template running and says why in `settings` (§4.10).
    ///
    /// - Parameters:
    ///   - home: Drover's home.
    ///   - environment: All variables of the process.
    ///   - userHome: The user's own folder.
    ///   - createsMissing: Whether a missing file is made; otherwise the template runs as if it were there.
    public init(home: String, environment: [String: String], userHome: String, createsMissing: Bool = true) {
        let places = ConfigurationPlaces(home: home, environment: environment, userHome: userHome)
        self.places = places
        self.environment = environment
        let path = Self.choose(in: places.folder)
        self.path = path
        bootstrapFailure = createsMissing ? Self.bootstrap(path) : nil
        var running = ConfigurationDocument()
        var complaint: String?
        let found = Self.read(path)
        switch found {
        case .document(let document, _): running = document
        case .missing where !createsMissing: break
        case .missing, .broken, .unreadable: complaint = found.complaint(path)
        }
        let settings =
            complaint.map { .failure(ConfigurationProblem(.document, $0)) }
            ?? ChatSettings.deriving(running, environment: environment, places: places)
        started = running
        content = Mutex(Content(running: running, settings: settings))
    }

    // MARK: - What is in force

    /// What turns go by now, or why none can be taken.
    public var settings: Result<ChatSettings, ConfigurationProblem> { content.withLock { $0.settings } }

    /// The file's configuration that runs: the one last applied.
    public var running: ConfigurationDocument { content.withLock { $0.running } }

    /// The listener's, as of the start: changes of it need a restart (§4.6).
    public var server: Result<ServerSettings, ConfigurationProblem> {
        do { return .success(try ServerSettings(started, environment: environment)) } catch { return .failure(error) }
    }

    /// The same without what makes no sense; a token stays even so.
    public var tolerantServer: ServerSettings { ServerSettings(tolerating: started, environment: environment) }

    public var logging: LoggingSettings { LoggingSettings(started, places: places) }

    /// The Telegram channel as of the start; `nil` when it is not enabled.
    public var telegram: Result<TelegramSettings?, ConfigurationProblem> {
        do { return .success(try TelegramSettings(started, environment: environment)) } catch { return .failure(error) }
    }

    public var backup1Path: String { path + ".bak1" }
    public var backup2Path: String { path + ".bak2" }

    /// What tools may never read or write (§5.8): the file wherever it is, and what lies beside it.
    public var protectedPaths: [String] {
        let target = PrivateFile(path).target
        let files = [path, backup1Path, backup2Path].flatMap { [$0, $0 + ".new"] }
        let linked = target == path ? [] : [target, target + ".new"]
        return files + linked + [places.folder + "/.env", places.folder + "/.env.example"]
    }

    // MARK: - Questions

    /// The file as it is now, and what runs. Secrets are masked unless the caller may see them (§4.11).
    public func state(secrets: SecretVisibility) -> ConfigurationState {
        content.withLock { state(of: $0, Self.read(path), secrets) }
    }

    // MARK: - Changes

    /// Puts a configuration in place of the running one and writes it (§4.5).
    ///
    /// - Parameters:
    ///   - expectedRawSHA256: Refuse when the file's text, as `state` shows it now, has another SHA-256.
    ///   - prepare: Builds what turns will use, before anything is written; what it throws refuses the change. It must
    ///     not call this file.
    /// - Returns: The settings now in force. What was prepared is to be swapped in.
    @discardableResult
    public func apply(
        _ change: ConfigurationChange, expectedRawSHA256: String? = nil,
        prepare: (ChatSettings) throws(ConfigurationProblem) -> Void = { _ throws(ConfigurationProblem) in }
    ) throws(ConfigurationFailure) -> ChatSettings {
        let settings = try self.change(to: change, expectedRawSHA256) { document throws(ConfigurationProblem) in
            let settings = try ChatSettings(document, environment: environment, places: places)
            try prepare(settings)
            return .success(settings)
        }
        do throws(ConfigurationProblem) { return try settings.get() } catch { throw .invalid(error) }
    }

    /// The same for a program beside the daemon, which takes no turns and need not have the daemon's environment: values
    /// must make sense, and what else a turn lacks is returned.
    public func store(
        _ change: ConfigurationChange, expectedRawSHA256: String? = nil
    ) throws(ConfigurationFailure) -> ConfigurationProblem? {
        let settings = try self.change(to: change, expectedRawSHA256) { document throws(ConfigurationProblem) in
            try document.check()
            return ChatSettings.deriving(document, environment: environment, places: places)
        }
        guard case .failure(let problem) = settings else { return nil }
        return problem
    }

    /// Writes what runs over whatever is in the file (§4.8). What runs stays as it is.
    public func reset() throws(ConfigurationFailure) {
        try changing { content throws(ConfigurationFailure) in
            try write(content.running, over: Self.read(path))
        }
    }

    // MARK: - Under the lock

    private func change(
        to change: ConfigurationChange, _ expectedRawSHA256: String?,
        derive: (ConfigurationDocument) throws(ConfigurationProblem) -> Result<ChatSettings, ConfigurationProblem>
    ) throws(ConfigurationFailure) -> Result<ChatSettings, ConfigurationProblem> {
        try changing { content throws(ConfigurationFailure) in
            let found = Self.read(path)
            if let expectedRawSHA256 { try expect(expectedRawSHA256, found, content) }
            let document: ConfigurationDocument
            let settings: Result<ChatSettings, ConfigurationProblem>
            do throws(ConfigurationProblem) {
                let given: ConfigurationDocument
                switch change {
                case .raw(let text): given = try ConfigurationDocument(parsing: Array(text.utf8))
                case .config(let json):
                    given = try ConfigurationDocument(json).keepingUnknown(of: found.document ?? content.running)
                }
                document = try given.restoringMasked(from: content.running)
                if let obstacle = PrivateFolder.obstacle(to: places.workspace(of: document)) {
                    throw ConfigurationProblem(.workspace, obstacle)
                }
                settings = try derive(document)
            } catch {
                throw .invalid(error)
            }
            try write(document, over: found)
            content = Content(running: document, settings: settings)
            return settings
        }
    }

    private func changing<Value: Sendable>(
        _ body: (inout Content) throws(ConfigurationFailure) -> Value
    ) throws(ConfigurationFailure) -> Value {
        try content.withLock { content throws(ConfigurationFailure) in
            let lock: FolderLock
            do throws(StorageFailure) {
                try PrivateFolder.create(places.folder)
                lock = try FolderLock(places.folder)
            } catch {
                throw .storage(error)
            }
            defer { lock.release() }
            return try body(&content)
        }
    }

    /// Masked or not: what the caller was shown is one of the two.
    private func expect(_ digest: String, _ found: Found, _ content: Content) throws(ConfigurationFailure) {
        let texts = [SecretVisibility.clear, .masked].map { state(of: content, found, $0).raw }
        guard texts.contains(where: { sha256($0.utf8) == digest.lowercased() }) else { throw .conflict(path: path) }
    }

    /// Replaces the file, and keeps what was in it in the first backup and what was in that in the second (§4.7).
    ///
    /// What may fail for want of space is done before anything is renamed.
    private func write(_ document: ConfigurationDocument, over found: Found) throws(ConfigurationFailure) {
        let file = PrivateFile(path)
        let bytes = document.encoded()
        if case .document(_, bytes) = found { return file.makePrivate() }
        do throws(StorageFailure) {
            let replacement = try file.prepare(bytes)
            if case .missing = found { return try replacement.commit() }
            let backup = try PrivateFile(backup1Path).prepare(copyOf: file)
            guard rename(backup1Path, backup2Path) == 0 || errno == ENOENT else {
                throw StorageFailure("replacing", backup2Path)
            }
            try backup.commit()
            try replacement.commit()
        } catch {
            throw .storage(error)
        }
    }

    // MARK: - Reading

    private enum Found {
        case document(ConfigurationDocument, [UInt8])
        case missing
        case broken(ConfigurationProblem, [UInt8])
        case unreadable(StorageFailure)

        var document: ConfigurationDocument? {
            if case .document(let document, _) = self { return document }
            return nil
        }

        /// What is wrong with the file, with its path; `nil` when it is fine.
        func complaint(_ path: String) -> String? {
            switch self {
            case .document: return nil
            case .missing: return "\(path): there is no such file"
            case .broken(let problem, _): return "\(path): \(problem.message)"
            case .unreadable(let failure): return failure.message
            }
        }
    }

    private static func read(_ path: String) -> Found {
        let bytes: [UInt8]
        do throws(StorageFailure) {
            guard case .bytes(let found) = try PrivateFile(path).read(limit: limit) else { return .missing }
            bytes = found
        } catch {
            return .unreadable(error)
        }
        do throws(ConfigurationProblem) {
            return .document(try ConfigurationDocument(parsing: bytes), bytes)
        } catch {
            return .broken(error, bytes)
        }
    }

    private func state(of content: Content, _ found: Found, _ secrets: SecretVisibility) -> ConfigurationState {
        func shown(_ document: ConfigurationDocument) -> ConfigurationDocument {
            secrets == .clear ? document : document.masked()
        }
        let running = shown(content.running)
        var disk = running
        var raw = running.encoded()
        var diskRaw: String?
        switch found {
        case .document(let document, let bytes):
            disk = shown(document)
            // Where secrets must go, so does the layout of the text.
            raw = disk == document ? bytes : disk.encoded()
        case .broken(_, let bytes):
            let text = String(decoding: bytes, as: UTF8.self)
            diskRaw = secrets == .clear ? text : SecretMask.masked(brokenText: text)
        case .missing, .unreadable: break
        }
        return ConfigurationState(
            configPath: path, backup1Path: backup1Path, backup2Path: backup2Path,
            configFormat: String(path.split(separator: "/").last ?? ""), running: running, disk: disk,
            raw: String(decoding: raw, as: UTF8.self), diskParseError: found.complaint(path), diskRaw: diskRaw,
            backups: [backup1Path, backup2Path].map(Self.backup),
            pendingRestart: content.running.differences(from: started).filter(Self.needsRestart))
    }

    private static func backup(_ path: String) -> ConfigurationState.Backup {
        var status = stat()
        guard stat(path, &status) == 0 else {
            return ConfigurationState.Backup(path: path, exists: false, modifiedAt: nil)
        }
        return ConfigurationState.Backup(path: path, exists: true, modifiedAt: rfc3339(status.st_mtim))
    }

    /// Whether a dotted key is read only at the start: those of §4.6, and those of other parts of Drover.
    public static func needsRestart(_ key: String) -> Bool {
        let section = key.prefix { $0 != "." }
        return ["server", "logging", "channels", "launchers", "storage"].contains(String(section))
    }

    // MARK: - Start

    private static func choose(in folder: String) -> String {
        let path = folder + "/config.json"
        let other = folder + "/agent.json"
        var status = stat()
        return lstat(path, &status) != 0 && lstat(other, &status) == 0 ? other : path
    }

    private static func bootstrap(_ path: String) -> StorageFailure? {
        let folder = PrivateFile.folder(of: path)
        do throws(StorageFailure) {
            try PrivateFolder.create(folder)
            guard case .missing = read(path) else { return nil }
            let lock = try FolderLock(folder)
            defer { lock.release() }
            // Somebody else may have made it in the meantime.
            guard case .missing = read(path) else { return nil }
            try PrivateFile(path).prepare(ConfigurationDocument().encoded()).commit()
            let example = PrivateFile(folder + "/.env.example")
            if case .missing = try example.read(limit: limit) {
                try example.prepare(Array(EnvironmentExample.text.utf8)).commit()
            }
            return nil
        } catch {
            return error
        }
    }
}
