import Bytes
import CShim
import Glibc
import Promise

/// The shim's JSON reader agrees with Drover's own on every text and every launch, and reads no byte beyond the end.
@main enum Fuzz {
    static func main() {
        Fuzzer.run(check)
    }

    static func check(_ input: inout Input) {
        let bytes = input.material()
        var ours: JSON?
        do throws(JSONError) {
            ours = try JSON(parsing: bytes)
        } catch {
            // A number beyond all bounds is a number of JSON, though none of Drover's. The shim takes no numbers.
            if error.reason == .invalidNumber { return }
        }
        let page = Fence(bytes)
        defer { page.remove() }

        var value = drover_json()
        guard drover_json_check(page.start, bytes.count, &value) else {
            // Drover's reader replaces half a surrogate pair, the shim's refuses it.
            promise(ours == nil || mayHoldSurrogates(bytes), "the shim refuses what Drover takes")
            let answer = drover_answer_read(page.start, bytes.count)
            promise(answer.kind == DROVER_ANSWER_BROKEN, "an answer that is not JSON")
            return
        }
        guard let ours else { fatalError("the shim takes what Drover refuses") }
        checkAnswer(drover_answer_read(page.start, bytes.count), ours)
        if case .object(let object) = ours { checkLaunch(value, object) }
    }

    private static func checkAnswer(_ answer: drover_answer, _ ours: JSON) {
        guard case .object(let object) = ours, let type = object.last("type")?.string else {
            promise(answer.kind == DROVER_ANSWER_BROKEN, "an answer without a type")
            return
        }
        var payload = JSONObject()
        if case .object(let members)? = object.last("payload") { payload = members }
        switch answer.kind {
        case DROVER_ANSWER_ACK:
            promise(type.same(as: "ack"), "no ack")
        case DROVER_ANSWER_LAUNCH:
            promise(type.same(as: "shim_launch"), "no launch")
            guard case .object(let launch)? = payload.last("launch") else { fatalError("a launch without a launch") }
            checkLaunch(answer.launch, launch)
        case DROVER_ANSWER_ERROR:
            promise(type.same(as: "error"), "no error")
            promise(decoded(answer.code) == payload.last("code")?.bytes, "another code")
            promise(decoded(answer.message) == payload.last("message")?.bytes, "another message")
        default:
            promise(!type.same(as: "ack"), "an ack is not recognised")
        }
    }

    private static func checkLaunch(_ value: drover_json, _ object: JSONObject) {
        var launch = drover_launch()
        let expected = Launch(object)
        guard drover_launch_read(value, &launch) == nil else {
            promise(expected == nil, "the shim refuses a launch that is right")
            return
        }
        defer { drover_launch_free(&launch) }
        promise(expected?.argv == strings(launch.argv), "other arguments")
        promise(expected?.env == strings(launch.envp), "another environment")
        promise(expected?.cwd == string(launch.cwd), "another folder")
    }

    private static func decoded(_ string: drover_json) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: string.length) { buffer, count in
            count = drover_json_decode(string, buffer.baseAddress)
        }
    }

    private static func strings(_ start: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> [[UInt8]] {
        var strings: [[UInt8]] = []
        while let next = start?[strings.count] { strings.append(string(next)) }
        return strings
    }

    private static func string(_ start: UnsafePointer<CChar>) -> [UInt8] {
        (0..<strlen(start)).map { UInt8(bitPattern: start[$0]) }
    }

    private static func mayHoldSurrogates(_ bytes: [UInt8]) -> Bool {
        zip(bytes, zip(bytes.dropFirst(), bytes.dropFirst(2))).contains { first, rest in
            first == UInt8(ascii: "\\") && rest.0 == UInt8(ascii: "u") && rest.1 | 0x20 == UInt8(ascii: "d")
        }
    }
}

/// What a launch should be, told from Drover's own reader.
private struct Launch {
    var argv: [[UInt8]] = []
    var env: [[UInt8]] = []
    var cwd: [UInt8] = []

    init?(_ object: JSONObject) {
        guard case .array(let arguments)? = object.last("argv"), case .array(let variables)? = object.last("env"),
            let folder = object.last("cwd")?.string, !arguments.isEmpty
        else { return nil }
        for argument in arguments {
            guard let text = argument.string else { return nil }
            argv.append(Array(text.utf8))
        }
        var keys: [[UInt8]] = []
        for variable in variables {
            guard case .object(let entry) = variable, let key = entry.last("key")?.string,
                let value = entry.last("value")?.string
            else { return nil }
            let line = Array(key.utf8) + [UInt8(ascii: "=")] + Array(value.utf8)
            if let place = keys.firstIndex(of: Array(key.utf8)) {
                env[place] = line
            } else {
                keys.append(Array(key.utf8))
                env.append(line)
            }
            if line.contains(0) { return nil }
        }
        cwd = Array(folder.utf8)
        if (argv + [cwd]).contains(where: { $0.contains(0) }) { return nil }
    }
}

extension JSONObject {
    /// The last member with exactly these bytes as its key; strings that only look the same are equal in Swift.
    fileprivate func last(_ key: String) -> JSON? {
        members.last { $0.key.same(as: key) }?.value
    }
}

extension JSON {
    fileprivate var bytes: [UInt8]? { string.map { Array($0.utf8) } }
}

extension String {
    fileprivate func same(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}

/// Bytes that end where a page ends that nobody may read.
private struct Fence {
    let start: UnsafePointer<UInt8>
    private let mapping: UnsafeMutableRawPointer
    private let size: Int

    init(_ bytes: [UInt8]) {
        let page = 4096
        let room = (bytes.count + page - 1) / page * page
        size = room + page
        guard let mapping = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            mapping != MAP_FAILED, mprotect(mapping + room, page, PROT_NONE) == 0
        else { fatalError("there is no memory for an input") }
        self.mapping = mapping
        let place = mapping + room - bytes.count
        bytes.withUnsafeBytes { if let from = $0.baseAddress { place.copyMemory(from: from, byteCount: $0.count) } }
        start = UnsafePointer(place.assumingMemoryBound(to: UInt8.self))
    }

    func remove() { munmap(mapping, size) }
}
