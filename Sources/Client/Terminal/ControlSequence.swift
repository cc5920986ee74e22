/// A CSI sequence with its parameters read: `ESC [ ? 1049 h` is `prefix "?"`, `parameters [1049]`, `final "h"`.
struct ControlSequence: Equatable {
    var prefix: UInt8?
    /// What stands before the first `:` of each parameter; an omitted one is 0.
    var parameters: [Int] = []
    var intermediates: [UInt8] = []
    var final: UInt8

    init?(_ bytes: [UInt8]) {
        guard bytes.count >= 3, let final = bytes.last else { return nil }
        self.final = final
        var body = bytes[2..<(bytes.count - 1)]
        if let first = body.first, first >= UInt8(ascii: "<") && first <= UInt8(ascii: "?") {
            prefix = first
            body = body.dropFirst()
        }
        let numbers = body.prefix { $0 >= 0x30 && $0 <= 0x3F }
        intermediates = Array(body.dropFirst(numbers.count))
        for piece in numbers.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false) {
            let digits = piece.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
            parameters.append(Int(String(decoding: digits, as: UTF8.self)) ?? 0)
        }
    }

    var isPrivate: Bool { prefix == UInt8(ascii: "?") }

    /// The first parameter, where 0 and none mean the default.
    func first(orDefault value: Int) -> Int {
        guard let first = parameters.first, first > 0 else { return value }
        return first
    }
}
