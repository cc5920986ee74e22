/// Where the recordings of a home lie.
public struct RecordingPaths: Equatable, Sendable {
    public let home: String

    public init(home: String) { self.home = home }

    /// The program's output byte for byte. Offsets in it are what the journal and viewers refer to.
    public func log(of session: String) throws(StoreError) -> String {
        try "\(castDirectory)/\(Self.fileName(session)).log"
    }

    /// The same with times and sizes, as asciicast v2.
    public func cast(of session: String) throws(StoreError) -> String {
        try "\(castDirectory)/\(Self.fileName(session)).cast"
    }

    var castDirectory: String { home + "/recordings" }

    /// Session ids may come from other programs: only those that are plain file names are taken.
    private static func fileName(_ session: String) throws(StoreError) -> String {
        let isPlain = session.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
                UInt8(ascii: ":"), UInt8(ascii: "@"), UInt8(ascii: "+"):
                return true
            default: return false
            }
        }
        guard isPlain, !session.isEmpty, session.utf8.count <= 200, session.first != "." else {
            throw .invalidSession(session)
        }
        return session
    }
}
