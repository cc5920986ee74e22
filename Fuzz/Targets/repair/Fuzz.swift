import Glibc
import Promise
import Store

/// Whatever a crash leaves of a recording, its whole lines stay and the rest goes, or all of it is left alone.
@main enum Fuzz {
    static func main() {
        Fuzzer.run(check)
    }

    static func check(_ input: inout Input) {
        let bytes = input.material()
        let paths = RecordingPaths(home: home)
        write(bytes)
        let repaired = paths.repair()
        let reader = RecordingReader(home: home)
        guard let cast = try? reader.cast(session: "s")?.bytes else { fatalError("the file is there") }
        promise(bytes.starts(with: cast), "repairing changed what was whole")
        promise(cast.isEmpty || cast.last == UInt8(ascii: "\n"), "the last line is torn")
        promise(!bytes.dropFirst(cast.count).contains(UInt8(ascii: "\n")), "a whole line was dropped")
        promise(repaired == (cast == bytes ? [] : ["s"]), "it is not said what was repaired")
        promise(paths.repair() == [], "once was not enough")
    }
}

private let home: String = {
    var template = Array("/dev/shm/drover-fuzz-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { fatalError("there is no /dev/shm") }
    let home = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    mkdir(home + "/recordings", 0o700)
    atexit { removeHome() }
    return home
}()

private func removeHome() {
    unlink(home + "/recordings/s.cast")
    rmdir(home + "/recordings")
    rmdir(home)
}

private func write(_ bytes: [UInt8]) {
    let descriptor = open(home + "/recordings/s.cast", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count else { fatalError("cannot write") }
    close(descriptor)
}
