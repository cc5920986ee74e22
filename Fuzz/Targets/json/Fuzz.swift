import Bytes
import Promise

/// Whatever arrives is a value or a `JSONError`, checking agrees with reading, and what was written reads back the same.
@main enum Fuzz {
    static func main() {
        Fuzzer.run(check)
    }

    static func check(_ input: inout Input) {
        let bytes = input.material()
        let value = try? JSON(parsing: bytes)
        promise((value != nil) == isValid(bytes), "checking and reading disagree")
        if let strict = try? JSON(parsing: bytes, duplicateKeys: .reject) {
            promise(value?.encoded() == strict.encoded(), "without duplicates, both ways to treat them are the same")
        }
        guard let value else { return }
        let text = value.encoded()
        promise(isValid(text), "what was written is not JSON")
        guard let again = try? JSON(parsing: text) else { fatalError("what was written cannot be read") }
        promise(again.encoded() == text, "what was written changes when it is read")
        if case .array(let elements) = value {
            var reader = JSONReader(bytes.span)
            guard let ranges = try? reader.arrayElements() else { fatalError("an array has elements") }
            let texts = ranges.map { (try? JSON(parsing: bytes[$0]))?.encoded() }
            promise(texts == elements.map { $0.encoded() }, "the elements are not where they were said to be")
        }
    }
}

private func isValid(_ bytes: [UInt8]) -> Bool {
    var reader = JSONReader(bytes.span)
    return (try? reader.validateDocument()) != nil
}
