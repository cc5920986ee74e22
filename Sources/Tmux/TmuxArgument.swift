/// How an argument is written so that tmux reads exactly its bytes.
///
/// An argument cannot hold NUL, neither here nor in an argument list; ``isPossible(_:)`` tells.
public enum TmuxArgument {
    /// Whether tmux can be given this argument at all.
    public static func isPossible(_ argument: String) -> Bool { !argument.utf8.contains(0) }

    /// For tmux's own command language: one word in double quotes, on one line.
    ///
    /// Inside double quotes tmux 3.3a still expands `$`, a backslash, and `~` right after the opening quote; a line feed
    /// would end the command. Braces, semicolons, `#` and `%` mean nothing there.
    public static func quoted(_ argument: String) -> String {
        var word: [UInt8] = [UInt8(ascii: "\"")]
        for byte in argument.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "$"):
                word.append(UInt8(ascii: "\\"))
                word.append(byte)
            case UInt8(ascii: "~"), ..<0x20, 0x7F:
                word.append(UInt8(ascii: "\\"))
                for shift in [6, 3, 0] { word.append(UInt8(ascii: "0") + (byte >> UInt8(shift)) & 7) }
            default:
                word.append(byte)
            }
        }
        word.append(UInt8(ascii: "\""))
        return String(decoding: word, as: UTF8.self)
    }

    /// One command as tmux's command language writes it.
    public static func line(_ arguments: [String]) -> String {
        arguments.map(quoted).joined(separator: " ")
    }

    /// For tmux's argument list, where an argument that ends with a semicolon would end the command.
    public static func listed(_ argument: String) -> String {
        argument.utf8.last == UInt8(ascii: ";") ? String(argument.dropLast()) + "\\;" : argument
    }

    /// Several commands as one argument list; one that fails keeps those after it from being run.
    public static func list(_ commands: [[String]]) -> [String] {
        Array(commands.map { $0.map(listed) }.joined(separator: [";"]))
    }
}
