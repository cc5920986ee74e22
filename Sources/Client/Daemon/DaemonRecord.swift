import Bytes

/// What a ready daemon writes to `<home>/daemon.json`, so that commands find it on whatever port it got.
public struct DaemonRecord: Equatable, Sendable {
    public var pid: Int
    public var address: DaemonAddress
    /// Milliseconds since 1970.
    public var startedAt: Int?
    public var version: String?

    public init(pid: Int, address: DaemonAddress, startedAt: Int? = nil, version: String? = nil) {
        self.pid = pid
        self.address = address
        self.startedAt = startedAt
        self.version = version
    }

    /// `nil` when the bytes are not such a record: half written, or from a program that is not Drover.
    public init?(json bytes: [UInt8]) {
        guard let value = try? JSON(parsing: bytes), let pid = value["pid"]?.integer,
            let http = value["http"]?.string, let address = try? DaemonAddress(parsing: http)
        else { return nil }
        self.init(
            pid: pid, address: address, startedAt: value["startedAt"]?.integer, version: value["version"]?.string)
    }

    public static func path(inHome home: String) -> String { home + "/daemon.json" }

    /// Reads the record of the daemon that lives in that home, if there is one.
    public init?(home: String) {
        guard let bytes = try? File.read(Self.path(inHome: home), limit: 1 << 16) else { return nil }
        self.init(json: bytes)
    }
}
