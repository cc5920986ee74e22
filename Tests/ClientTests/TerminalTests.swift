import Testing

@testable import Client

@Suite struct EscapeScannerTests {
    /// The tokens as text, with neighbouring text joined.
    private func tokens(_ pieces: [[UInt8]]) -> [String] {
        var scanner = EscapeScanner()
        var tokens: [String] = []
        var hadText = false
        for piece in pieces {
            scanner.feed(piece) { token in
                switch token {
                case .text(let bytes):
                    let text = String(decoding: bytes, as: UTF8.self)
                    if hadText { tokens[tokens.count - 1] += text } else { tokens.append("T:" + text) }
                    hadText = true
                    return
                case .control(let byte): tokens.append("C:\(byte)")
                case .escape(let bytes): tokens.append("E:" + String(decoding: bytes.dropFirst(), as: UTF8.self))
                case .csi(let bytes): tokens.append("S:" + String(decoding: bytes.dropFirst(2), as: UTF8.self))
                case .string(let bytes): tokens.append("O:" + String(decoding: bytes.dropFirst(), as: UTF8.self))
                }
                hadText = false
            }
        }
        return tokens
    }

    @Test(arguments: [
        ("plain\r\n", ["T:plain", "C:13", "C:10"]),
        ("\u{1B}[1;31mred\u{1B}[0m", ["S:1;31m", "T:red", "S:0m"]),
        ("\u{1B}]0;title\u{07}x", ["O:]0;title\u{07}", "T:x"]),
        ("\u{1B}P+q544e\u{1B}\\y", ["O:P+q544e\u{1B}\\", "T:y"]),
        ("\u{1B}(B\u{1B}=\u{1B}c", ["E:(B", "E:=", "E:c"]),
        ("\u{1B}[\u{1B}[2Jz", ["S:2J", "T:z"]),
        ("\u{1B}[3\u{18}q", ["T:q"]),
        ("\u{1B}[1\n2m", ["C:10", "S:12m"]),
        ("\u{1B}]0;a\u{1B}[m!", ["S:m", "T:!"]),
    ])
    func `takes output apart however it was cut`(text: String, expected: [String]) {
        let bytes = Array(text.utf8)
        #expect(tokens([bytes]) == expected)
        #expect(tokens(bytes.map { [$0] }) == expected)
        for place in 0...bytes.count {
            #expect(tokens([Array(bytes[..<place]), Array(bytes[place...])]) == expected)
        }
    }

    @Test func `passes over a string that is too long to be one`() {
        let long = Array("\u{1B}]52;".utf8) + [UInt8](repeating: 65, count: 100_000) + [0x07] + Array("ok".utf8)
        #expect(tokens([long]) == ["T:ok"])
    }
}

@Suite struct PlainTextTests {
    private func plain(_ text: String) -> String {
        var plain = PlainText()
        var bytes: [UInt8] = []
        for byte in Array(text.utf8) { bytes += plain.feed([byte]) }
        return String(decoding: bytes + plain.finish(), as: UTF8.self)
    }

    @Test(arguments: [
        ("\u{1B}[32mok\u{1B}[0m\r\n", "ok\n"),
        ("10%\r20%\r100%\r\n", "100%\n"),
        ("long line\rshort\u{1B}[K\r\n", "short\n"),
        ("abc\u{08}\u{08}X\r\n", "aXc\n"),
        ("a\u{1B}[3Cb\r\n", "a   b\n"),
        ("ünï\u{1B}[5;1Hnext", "ünï\nnext\n"),
        ("tab\there\r\n", "tab\there\n"),
        ("\r\n\r\nx", "\n\nx\n"),
        ("\u{1B}]0;title\u{07}shown", "shown\n"),
    ])
    func `reads as paper would`(output: String, expected: String) {
        #expect(plain(output) == expected)
    }
}

@Suite struct ReplayTests {
    private func replayed(_ text: String) -> String {
        var filter = ReplayFilter()
        return String(decoding: filter.feed(Array(text.utf8)), as: UTF8.self)
    }

    @Test(arguments: [
        "\u{1B}[c", "\u{1B}[>c", "\u{1B}[6n", "\u{1B}[?6n", "\u{1B}[>0q", "\u{1B}[?u", "\u{1B}[?2026$p", "\u{1B}[18t",
        "\u{1B}]11;?\u{07}", "\u{1B}]4;1;?\u{1B}\\", "\u{1B}]52;c;aGk=\u{07}", "\u{1B}P+q544e\u{1B}\\",
        "\u{1B}P$qm\u{1B}\\", "\u{07}", "\u{05}", "\u{1B}Z",
    ])
    func `does not ask an old question again`(question: String) {
        #expect(replayed("a\(question)b") == "ab")
    }

    @Test(arguments: [
        "\u{1B}[31mx\u{1B}[0m", "\u{1B}]0;title\u{07}", "\u{1B}[?1049h", "\u{1B}[2 q", "\u{1B}]11;#000000\u{07}",
        "\u{1B}[22;0t", "\u{1B}[>4;2m", "\u{1B}P0;0q~~\u{1B}\\", "é\r\n",
    ])
    func `leaves alone what only shows`(text: String) {
        #expect(replayed(text) == text)
    }

    @Test func `puts right what a program changed, and nothing else`() {
        var modes = TerminalModes()
        #expect(String(decoding: modes.restoring, as: UTF8.self) == "\u{1B}[0m")
        modes.feed(Array("\u{1B}[?1049h\u{1B}[?25l\u{1B}[?1000;1006h\u{1B}=\u{1B}[>1u\u{1B}[2 q".utf8))
        #expect(modes.isAlternateScreen)
        #expect(
            String(decoding: modes.restoring, as: UTF8.self)
                == "\u{1B}[<1u\u{1B}[?25h\u{1B}[?1000l\u{1B}[?1006l\u{1B}[?1049l\u{1B}>\u{1B}[0 q\u{1B}[0m")
        #expect(
            String(decoding: modes.establishing, as: UTF8.self)
                == "\u{1B}[?25l\u{1B}[?1000h\u{1B}[?1006h\u{1B}[?1049h\u{1B}[>1u\u{1B}=\u{1B}[2 q")
        modes.feed(Array("\u{1B}[?1049l\u{1B}[?25h\u{1B}[?1000;1006l\u{1B}>\u{1B}[<u\u{1B}[0 q".utf8))
        #expect(String(decoding: modes.restoring, as: UTF8.self) == "\u{1B}[0m")
        modes.feed(Array("\u{1B}[?2004h\u{1B}c".utf8))
        #expect(String(decoding: modes.restoring, as: UTF8.self) == "\u{1B}[0m")
    }
}

@Suite struct OutputFollowerTests {
    @Test func `shows what continues, skips what is shown, fetches what is missing`() {
        var follower = OutputFollower(position: 100)
        #expect(follower.arrived(offset: 80, count: 20) == .skip)
        #expect(follower.arrived(offset: 100, count: 10) == .show)
        #expect(follower.arrived(offset: 130, count: 5) == .fetch(from: 110))
        follower.fetched(to: 140)
        #expect(follower.arrived(offset: 130, count: 5) == .skip)
        #expect(follower.arrived(offset: 140, count: 1) == .show)
        #expect(follower.position == 141)
    }

    @Test func `fetches when a piece overlaps, marks a loss or has no number`() {
        var follower = OutputFollower(position: 10)
        #expect(follower.arrived(offset: 5, count: 10) == .fetch(from: 10))
        #expect(follower.arrived(offset: 10, count: 0, lost: 500) == .fetch(from: 10))
        #expect(follower.arrived(offset: nil, count: 3) == .fetch(from: 10))
        #expect(follower.position == 10)
    }
}

@Suite struct DetachKeyTests {
    @Test(arguments: [
        ("Ctrl-\\ Ctrl-\\", [0x1C, 0x1C], "Ctrl-\\ Ctrl-\\"), ("C-p C-q", [0x10, 0x11], "Ctrl-p Ctrl-q"),
        ("^]", [0x1D], "Ctrl-]"), ("ctrl-b d", [0x02, 0x64], "Ctrl-b d"),
    ])
    func `reads a key`(text: String, bytes: [UInt8], label: String) {
        let key = DetachKey(parsing: text)
        #expect(key?.bytes == bytes)
        #expect(key?.label == label)
    }

    @Test(arguments: ["", "q", "d C-b", "C-", "Ctrl-é", "C-xx", "hello"])
    func `refuses keys that plain typing would press`(text: String) {
        #expect(DetachKey(parsing: text) == nil)
    }

    @Test func `holds back the first key until it knows`() {
        var watcher = DetachKeyWatcher(.standard)
        #expect(watcher.feed([97, 0x1C]) == .typed([97], isHolding: true))
        #expect(watcher.feed([98]) == .typed([0x1C, 98], isHolding: false))
        #expect(watcher.feed([0x1C]) == .typed([], isHolding: true))
        #expect(watcher.timedOut() == [0x1C])
        #expect(watcher.feed([0x1C]) == .typed([], isHolding: true))
        #expect(watcher.feed([0x1C, 99]) == .detached([]))
    }

    @Test func `finds a key that begins within itself`() {
        var watcher = DetachKeyWatcher(DetachKey(parsing: "C-a C-a C-b")!)
        #expect(watcher.feed([1, 1, 1]) == .typed([1], isHolding: true))
        #expect(watcher.feed([2]) == .detached([]))
    }

    @Test func `does not tear characters`() {
        var carry = UTF8Carry()
        #expect(carry.feed([0x61, 0xC3]) == "a")
        #expect(carry.feed([0xA9, 0xF0, 0x9F]) == "é")
        #expect(carry.feed([0x98, 0x80]) == "😀")
        #expect(carry.feed([0xFF, 0x62]) == "\u{FFFD}b")
    }
}
