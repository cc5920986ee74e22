import Bytes
import Promise
import Store

/// Whatever a program prints, every line is JSON, and the text of all lines is its output, however that was cut.
@main enum Fuzz {
    static func main() {
        Fuzzer.run(check)
    }

    static func check(_ input: inout Input) {
        let seed = input.choice()
        let pauses = input.choice()
        let bytes = input.material()
        var encoder = CastEncoder(header: RecordingHeader(columns: 80, rows: 24, startMs: 1000))
        for (index, piece) in cut(bytes, seed: seed).enumerated() {
            let bit = pauses >> UInt8(index % 8) & 1
            encoder.output(piece, atMs: 1000 + Int64(index) * Int64(bit))
            if bit == 1 { encoder.flush() }
            if pauses == UInt8(truncatingIfNeeded: index) { encoder.resize(columns: index, rows: 1, atMs: 0) }
        }
        encoder.finish()
        var text = ""
        var latest = 0.0
        for line in encoder.lines.split(separator: UInt8(ascii: "\n")).dropFirst() {
            guard let event = try? JSON(parsing: line), let time = event[0]?.double, let data = event[2]?.string else {
                fatalError("a line is not an event")
            }
            promise(time >= latest, "time goes back")
            latest = time
            if event[1] == "o" { text += data }
        }
        promise(Array(text.utf8) == Array(String(decoding: bytes, as: UTF8.self).utf8), "the text is not the output")
    }
}
