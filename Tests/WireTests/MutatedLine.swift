/// A line with up to three faults: a bit turned, a byte lost or added, a stretch repeated elsewhere.
func mutated(_ line: String, _ random: inout Seeded) -> [UInt8] {
    var line = Array(line.utf8)
    for _ in 0..<Int.random(in: 0...3, using: &random) {
        let index = Int.random(in: 0...line.count, using: &random)
        switch Int.random(in: 0..<5, using: &random) {
        case 0 where index < line.count: line[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1 where index < line.count: line.remove(at: index)
        case 2: line.insert(Array("0123456789-.e,:[]{}\"\\u ".utf8).randomElement(using: &random) ?? 0, at: index)
        case 3 where index < line.count:
            let end = min(line.count, index + Int.random(in: 1...40, using: &random))
            line.insert(contentsOf: line[index..<end], at: Int.random(in: 0...line.count, using: &random))
        default: line.insert(UInt8.random(in: 0...255, using: &random), at: index)
        }
    }
    return line
}
