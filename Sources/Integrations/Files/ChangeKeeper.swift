import Glibc

/// Changes files of others so that it can be undone: `<Drover's home>/integrations`.
///
/// For each file it keeps what was there before, and what we made of it. While the file is still what we made of it,
/// undoing puts the old bytes back; otherwise only our part is taken out of what others have written since.
public struct ChangeKeeper: Sendable {
    let folder: String
    /// Backups kept of one file.
    private static let backupLimit = 10

    public init(droverHome: String) {
        folder = droverHome + "/integrations"
    }

    /// A file before and after.
    public struct Change: Equatable, Sendable {
        /// The file itself, links followed.
        public var path: String
        /// `nil` when there is none.
        public var before: [UInt8]?
        public var after: [UInt8]?

        public var isNone: Bool { before == after }
        public var diff: String { UnifiedDiff.text(path, before: before, after: after) }
    }

    // MARK: - Planning

    /// What setting up would change.
    public func planInstall(
        _ path: String, edit: ([UInt8]?) throws(IntegrationError) -> [UInt8]
    ) throws(IntegrationError) -> Change {
        let file = SettingsFile(path)
        let before = try file.read()
        return Change(path: file.path, before: before, after: try edit(before))
    }

    /// What taking away would change. `edit` gets the text, and what was there before we came, if that is known.
    public func planUninstall(
        _ path: String, edit: (_ text: [UInt8], _ original: [UInt8]?) throws(IntegrationError) -> [UInt8]?
    ) throws(IntegrationError) -> Change {
        let file = SettingsFile(path)
        guard let before = try file.read() else { return Change(path: file.path, before: nil, after: nil) }
        let record = try record(of: file.path)
        if let record, record.installed == before {
            return Change(path: file.path, before: before, after: record.original)
        }
        return Change(path: file.path, before: before, after: try edit(before, record?.original))
    }

    // MARK: - Carrying out

    public enum Direction: Sendable {
        case install
        case uninstall
    }

    /// Carries a plan out, unless the file has changed since it was made.
    ///
    /// `now` is in milliseconds since 1970 and names the backup. Throws `.contended` when somebody was quicker.
    public func apply(_ change: Change, _ direction: Direction, now: Int) throws(IntegrationError) {
        if change.isNone { return }
        try SettingsFile.makeFolder(folder, mode: 0o700)
        let lock = open(folder + "/.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw .last("Opening", folder + "/.lock") }
        defer { close(lock) }
        try take(lock)
        let file = SettingsFile(change.path)
        let current = try file.read()
        // Another one of us has just done the same.
        if current == change.after { return }
        guard current == change.before else { throw .contended(path: change.path) }
        let records = recordFolder(of: change.path)
        try SettingsFile.makeFolder(records, mode: 0o700)
        try backUp(change, in: records, now: now)
        let known = try record(of: change.path)
        switch direction {
        case .install:
            // What was there before we first came, as long as only we have written since.
            let original = known?.installed == change.before && known != nil ? known?.original : change.before
            if let original {
                try SettingsFile(records + "/original").write(original)
            } else {
                try SettingsFile(records + "/original").remove()
            }
            try SettingsFile(records + "/path").write(Array((change.path + "\n").utf8))
            if let after = change.after { try SettingsFile(records + "/installed").write(after) }
        case .uninstall: break
        }
        if let after = change.after { try file.write(after) } else { try file.remove() }
        if direction == .uninstall {
            for name in ["installed", "original"] { try SettingsFile("\(records)/\(name)").remove() }
        }
    }

    /// Waits for another one of us, for ten seconds.
    private func take(_ lock: Int32) throws(IntegrationError) {
        for _ in 0..<500 {
            if flock(lock, LOCK_EX | LOCK_NB) == 0 { return }
            guard errno == EWOULDBLOCK || errno == EINTR else { throw .last("Locking", folder + "/.lock") }
            usleep(20_000)
        }
        throw .locked(path: folder + "/.lock")
    }

    // MARK: - Records

    private struct Record {
        var original: [UInt8]?
        var installed: [UInt8]
    }

    private func record(of path: String) throws(IntegrationError) -> Record? {
        let folder = recordFolder(of: path)
        // Two files could have the same number, though that would be strange luck.
        guard try SettingsFile(folder + "/path").read() == Array((path + "\n").utf8),
            let installed = try SettingsFile(folder + "/installed").read()
        else { return nil }
        return Record(original: try SettingsFile(folder + "/original").read(), installed: installed)
    }

    /// Named by the path's FNV-1a hash.
    private func recordFolder(of path: String) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in path.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        let digits = String(hash, radix: 16)
        return folder + "/" + String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    private func backUp(_ change: Change, in records: String, now: Int) throws(IntegrationError) {
        guard let before = change.before else { return }
        try SettingsFile("\(records)/backup-\(now)").write(before)
        var names: [String] = []
        guard let listing = opendir(records) else { return }
        defer { closedir(listing) }
        while let entry = readdir(listing) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
                field.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasPrefix("backup-") { names.append(name) }
        }
        // The digits are as many for the next two centuries.
        for name in names.sorted().dropLast(Self.backupLimit) { unlink("\(records)/\(name)") }
    }
}
