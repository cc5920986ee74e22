import Glibc
import Synchronization

@testable import Store

/// A home directory that goes away with the test.
final class TemporaryHome: Sendable {
    let path: String

    init() {
        var template = Array("/tmp/drover-store-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { preconditionFailure("there is a /tmp to write to") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { removeTree(path) }

    var database: String { path + "/drover.db" }

    func mode(_ name: String) -> mode_t? {
        var status = stat()
        return lstat("\(path)/\(name)", &status) == 0 ? status.st_mode & 0o777 : nil
    }

    func size(_ name: String) -> Int {
        var status = stat()
        return lstat("\(path)/\(name)", &status) == 0 ? Int(status.st_size) : 0
    }

    func write(_ name: String, _ bytes: [UInt8]) {
        let descriptor = open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count else { preconditionFailure("could not write") }
        close(descriptor)
    }

    func read(_ name: String) throws -> [UInt8] { try File.read("\(path)/\(name)", limit: size(name)) }
}

private func removeTree(_ path: String) {
    if unlink(path) == 0 { return }
    guard let directory = opendir(path) else { return }
    while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != "." && name != ".." { removeTree("\(path)/\(name)") }
    }
    closedir(directory)
    rmdir(path)
}

/// Collects what another thread delivers, batch by batch.
final class Inbox<Element: Sendable>: Sendable {
    private let batches = Mutex<[[Element]]>([])
    private let bell: Doorbell

    init() {
        guard let bell = try? Doorbell() else { preconditionFailure("an eventfd can be made") }
        self.bell = bell
    }

    func put(_ batch: [Element]) {
        batches.withLock { $0.append(batch) }
        bell.ring()
    }

    var all: [[Element]] { batches.withLock { $0 } }

    /// Waits for so many elements, at most ten seconds, and returns what there is.
    @discardableResult
    func wait(for count: Int) -> [Element] { wait { $0.count >= count } }

    /// Waits until the elements are as they should be, at most ten seconds, and returns what there is.
    @discardableResult
    func wait(until isEnough: ([Element]) -> Bool) -> [Element] {
        for _ in 0..<1000 {
            let elements = all.flatMap { $0 }
            if isEnough(elements) { return elements }
            _ = bell.wait(milliseconds: 10)
        }
        return all.flatMap { $0 }
    }
}

/// A journal in a home of its own, with an inbox for its answers.
struct JournalBench {
    let home: TemporaryHome
    let inbox = Inbox<JournalCompletion>()
    let journal: SQLiteJournal

    init(home: TemporaryHome = TemporaryHome(), _ adjust: (inout SQLiteJournal.Options) -> Void = { _ in }) throws {
        self.home = home
        var options = SQLiteJournal.Options()
        adjust(&options)
        journal = try SQLiteJournal(path: home.database, options: options) { [inbox] in inbox.put($0) }
    }

    /// The outcome of the first completion with this token.
    func result(of token: UInt64) -> JournalCompletion.Result? {
        inbox.wait { $0.contains { $0.token == token } }.first { $0.token == token }?.result
    }

    func reader() throws -> JournalReader { try JournalReader(path: home.database) }
}

func record(_ id: String, atMs: Int64 = 1_772_000_000_000, session: String? = "s", type: String = "note")
    -> JournalRecord
{
    JournalRecord(
        id: id, atMs: atMs, type: type, sessionId: session, pid: 42, source: "test", sessionSeq: 7,
        payload: Array(#"{"id":"\#(id)"}"#.utf8))
}

/// Random numbers that are the same in every run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
