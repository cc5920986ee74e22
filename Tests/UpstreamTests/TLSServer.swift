import Glibc

/// OpenSSL's own server with a certificate that it signed itself.
final class TLSServer {
    private(set) var port = 0
    private(set) var certificate = ""
    private var process: pid_t = 0
    private let output: UnsafeMutablePointer<FILE>

    /// nil where it cannot be started.
    init?() {
        let script = """
            folder=$(mktemp -d) && cd "$folder" && echo "pid $$" && echo "certificate $folder/cert.pem" &&
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem -out cert.pem \
                -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 2>/dev/null &&
            exec openssl s_server -accept 127.0.0.1:0 -key key.pem -cert cert.pem -www 2>/dev/null
            """
        guard let output = popen("exec sh -c '\(script)'", "r") else { return nil }
        self.output = output
        var line = [CChar](repeating: 0, count: 4096)
        while port == 0 {
            guard fgets(&line, Int32(line.count), output) != nil else {
                pclose(output)
                return nil
            }
            let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let words = text.split { $0 == " " || $0 == ":" || $0 == "\n" }
            switch words.first {
            case "pid": process = pid_t(words[1]) ?? 0
            case "certificate": certificate = String(words[1])
            case "ACCEPT": port = Int(words.last ?? "") ?? 0
            default: break
            }
        }
    }

    func close() {
        kill(process, SIGKILL)
        pclose(output)
        unlink(certificate)
        let folder = certificate.dropLast("/cert.pem".utf8.count)
        unlink("\(folder)/key.pem")
        rmdir(String(folder))
    }
}
