extension UInt8 {
    /// A letter of ASCII, of either case.
    var isASCIILetter: Bool { (self | 0x20) &- 0x61 < 26 }
    var isASCIIDigit: Bool { self &- 0x30 < 10 }
}
