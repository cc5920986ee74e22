import Glibc

/// The example lines of the contract (runtime-rpc §2.2, §2.3, §9).
enum RuntimeRPCFixtures {
    static let requests = lines("requests.jsonl")
    static let responses = lines("responses.jsonl")

    private static func lines(_ name: String) -> [String] {
        let tests = #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }
        guard let file = fopen("\(tests)/Fixtures/runtime-rpc/\(name)", "r") else {
            preconditionFailure("Tests/Fixtures/runtime-rpc/\(name) is not there")
        }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        while case let byte = getc(file), byte != EOF { bytes.append(UInt8(byte)) }
        return bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
    }
}

/// A line's bytes, as the codec takes them.
func bytes(_ line: String) -> [UInt8] { Array(line.utf8) }
