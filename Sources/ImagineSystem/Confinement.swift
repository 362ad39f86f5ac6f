import CProcess
package import ImagineAPI

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Which files a ``ConfinedProcess`` may use, on a kernel with Landlock. It may use no network there.
///
/// Elsewhere, as on macOS, it forbids nothing.
package final class Confinement: Sendable {
  /// Landlock's rules; `IMAGINE_NO_RULES` if there are none.
  let rules: Int32

  /// - Parameters:
  ///   - readable: files and folders that it may read.
  ///   - runnable: those whose programs it may run, besides what this process has loaded itself.
  ///   - writable: folders in which it may make and remove files.
  /// - Throws: ``ImagineError`` of kind `io` if the kernel has no room for the rules.
  package init(
    readable: [String], runnable: [String], writable: [String]
  ) throws(ImagineError) {
    let allowances =
      (readable + Self.facts).map { ($0, IMAGINE_MAY_READ) }
      + (runnable + Self.loadedFiles).map { ($0, IMAGINE_MAY_RUN) }
      + writable.map { ($0, IMAGINE_MAY_WRITE) }
      + [("/dev/null", IMAGINE_MAY_WRITE)]
    rules = withCStrings(allowances.map { Array($0.0.utf8) }) { paths in
      let all = zip(allowances, paths).map { allowance, path in
        imagine_allowance(
          path: UnsafePointer(path), rights: Int32(allowance.1))
      }
      return imagine_landlock_rules(all, Int32(all.count))
    }
    guard rules >= 0 || rules == Int32(IMAGINE_NO_RULES) else {
      throw ImagineError(.io, "cannot confine a process: \(String(cString: strerror(-rules)))")
    }
  }

  deinit { if rules >= 0 { close(rules) } }

  /// Whether the kernel has Landlock.
  package static var isAvailable: Bool { imagine_landlock_version() > 0 }

  /// What libraries read about the machine, and Swift about the process. Landlock itself forbids the
  /// memory and the environment of other processes.
  private static let facts = [
    "/dev/urandom", "/dev/zero", "/etc/ld.so.cache", "/etc/localtime", "/proc",
    "/sys/devices/system/cpu", "/sys/fs/cgroup",
  ]

  /// The libraries that this process has loaded.
  private static var loadedFiles: [String] {
    let maps = (try? FileReader("/proc/self/maps").all()) ?? []
    let paths = String(decoding: maps, as: UTF8.self).split(separator: "\n").compactMap { line in
      // Address, rights such as r-xp, offset, device, inode, path.
      line.firstIndex(of: "/").flatMap { start in
        line[..<start].contains("x") ? String(line[start...]) : nil
      }
    }
    return Array(Set(paths))
  }
}

/// What a confined process does about itself.
package enum ConfinedSelf {
  /// SIGTERM, which comes if the parent dies, kills the process with all that it has started.
  package static func endWithGroup() { imagine_end_with_group() }

  /// Kills the process with all that it has started.
  package static func end() -> Never {
    kill(0, SIGKILL)
    _exit(1)
  }

  /// The data that this process may have, such as its heap and its stacks, in bytes.
  package static func limitData(to bytes: Int) { imagine_limit_data(UInt64(max(0, bytes))) }
}

extension ProcessState {
  /// Forbids other processes of this user, such as its own children, to read its memory.
  package static func hideMemory() { imagine_hide_memory() }
}
