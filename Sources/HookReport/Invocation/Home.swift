/// Where a user is at home when `HOME` does not say (daemon-ipc §1.1).
public enum Home {
    /// The directory of a user in the text of `/etc/passwd`.
    ///
    /// Read by hand: the C library would load modules for it at run time, which a static program cannot rely on.
    public static func directory(of user: UInt32, in passwords: [UInt8]) -> String? {
        for line in passwords.split(separator: 0x0A) {
            let fields = line.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
            guard fields.count >= 6, UInt32(String(decoding: fields[2], as: UTF8.self)) == user else { continue }
            let home = String(decoding: fields[5], as: UTF8.self)
            return home.isEmpty ? nil : home
        }
        return nil
    }
}
