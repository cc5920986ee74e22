/// Text of a model or a tool, made harmless for a terminal but kept in lines: what a terminal would act upon is shown as a
/// sign of its own.
func modelText(_ text: String, isUTF8: Bool) -> String {
    func isHarmful(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x0A, 0x09: return false
        case ..<0x20, 0x7F...0x9F: return true
        // What turns the direction of the text around hides what it says.
        case 0x202A...0x202E, 0x2066...0x2069: return true
        default: return false
        }
    }
    guard text.unicodeScalars.contains(where: isHarmful) else { return text }
    var output = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
        guard isHarmful(scalar) else {
            output.append(scalar)
            continue
        }
        let picture: Unicode.Scalar?
        switch scalar.value {
        case ..<0x20: picture = Unicode.Scalar(0x2400 + scalar.value)
        case 0x7F: picture = "\u{2421}"
        default: picture = "\u{FFFD}"
        }
        output.append(isUTF8 ? picture ?? "\u{FFFD}" : "?")
    }
    return String(output)
}
