/// How many letters must be added, dropped, changed or swapped with their neighbour to make one word of the other.
func editDistance(_ left: String, _ right: String) -> Int {
    let left = Array(left)
    let right = Array(right)
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for i in 0..<left.count {
        var row = [i + 1]
        row.reserveCapacity(right.count + 1)
        for j in 0..<right.count {
            let cost = left[i] == right[j] ? 0 : 1
            var distance = min(last[j + 1] + 1, row[j] + 1, last[j] + cost)
            if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                distance = min(distance, beforeLast[j - 1] + 1)
            }
            row.append(distance)
        }
        beforeLast = last
        last = row
    }
    return last[right.count]
}

/// The candidate that was probably meant; `nil` when none is near. A word that begins a single candidate means it.
func closest(to word: String, among candidates: [String]) -> String? {
    let beginning = candidates.filter { $0.hasPrefix(word) }
    if beginning.count == 1, word.count >= 2 { return beginning[0] }
    let scored = candidates.map { (distance: editDistance(word.lowercased(), $0), word: $0) }
    guard let best = scored.min(by: { $0.distance < $1.distance }) else { return nil }
    // A third of the letters may be wrong; short words allow one slip.
    return best.distance <= max(1, word.count / 3) ? best.word : nil
}
