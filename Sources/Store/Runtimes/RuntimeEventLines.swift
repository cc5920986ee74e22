import Bytes
import Fleet

/// Reads `events.jsonl`: a record a line, `{"seq":3,"ts_ms":…,"kind":"lost","payload":{…}}` (runtime-rpc §8).
enum RuntimeEventLines {
    /// Numbers above this would not survive a client that reads them as JavaScript does.
    private static let highest: Int64 = 1 << 53

    /// The records up to the first line that makes no sense, and a sentence about that line.
    ///
    /// A last line without its end was being written when its program stopped, and is passed over.
    static func read(_ file: [UInt8]) -> (records: [RuntimeEventLog.Record], problem: String?) {
        var records: [RuntimeEventLog.Record] = []
        var start = file.startIndex
        var line = 1
        while let end = file[start...].firstIndex(of: UInt8(ascii: "\n")) {
            let bytes = file[start..<end]
            guard let record = record(bytes), record.sequence > records.last?.sequence ?? 0 else {
                let count = records.count
                return (records, "line \(line) makes no sense; the \(count) events before it are kept")
            }
            records.append(record)
            start = end + 1
            line += 1
        }
        return (records, nil)
    }

    private static func record(_ line: ArraySlice<UInt8>) -> RuntimeEventLog.Record? {
        guard let json = try? JSON(parsing: line), case .integer(let sequence)? = json["seq"],
            (1...highest).contains(sequence), case .integer(let at)? = json["ts_ms"], at >= 0,
            let kind = json["kind"]?.string, let payload = json["payload"],
            let event = RuntimeEvent(kind: kind, payload: payload)
        else { return nil }
        return RuntimeEventLog.Record(
            sequence: UInt64(sequence), at: Timestamp(milliseconds: at), event: event)
    }
}
