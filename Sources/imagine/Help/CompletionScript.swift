import ArgumentParser

/// The scripts that connect a shell with ``Completion``.
enum CompletionScript: String, CaseIterable {
  case bash, zsh, fish

  /// Prints the script of a shell.
  ///
  /// - Parameter words: after the option.
  /// - Returns: the exit code.
  static func print(_ words: [String]) -> Int32 {
    guard words.count == 1, let script = CompletionScript(rawValue: words[0]) else {
      let names = allCases.map(\.rawValue).joined(separator: ", ")
      Notice.write("--generate-completion-script takes a shell (one of: \(names))")
      return ExitCode.validationFailure.rawValue
    }
    return Subcommand.writing(script.text)
  }

  var text: String {
    switch self {
    case .bash:
      #"""
      # Completion of imagine for bash:  source <(imagine --generate-completion-script bash)
      _imagine() {
        local word line
        local -a words=()
        # Bash also splits words at = and :.
        for line in "${COMP_WORDS[@]:1:COMP_CWORD}"; do
          if (( ${#words[@]} )) && [[ $line == [=:]* || ${words[-1]} == *[=:] ]]; then
            words[-1]+=$line
          else
            words+=("$line")
          fi
        done
        word=${words[-1]}
        COMPREPLY=()
        while IFS= read -r line; do
          if [[ $line == :files ]]; then
            compopt -o filenames
            while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "${word#--*=}")
          elif [[ -n $line ]]; then
            COMPREPLY+=("${line%%$'\t'*}")
          fi
        done < <("${COMP_WORDS[0]}" --complete "${words[@]}" 2>/dev/null)
        line=${COMP_WORDS[COMP_CWORD]#[=:]}
        word=${word%"$line"}
        COMPREPLY=("${COMPREPLY[@]#"$word"}")
      }
      complete -F _imagine imagine
      """#
    case .zsh:
      #"""
      #compdef imagine
      # Completion of imagine for zsh: save it as _imagine in a folder of $fpath.
      _imagine() {
        local line files=0
        local -a found
        while IFS= read -r line; do
          if [[ $line == :files ]]; then
            files=1
          elif [[ -n $line ]]; then
            found+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
          fi
        done < <("${words[1]}" --complete "${(@)words[2,CURRENT]}" 2>/dev/null)
        (( ${#found} )) && _describe imagine found
        (( files )) && _files
        return 0
      }
      if [[ $funcstack[1] == _imagine ]]; then _imagine "$@"; else compdef _imagine imagine; fi
      """#
    case .fish:
      #"""
      # Completion of imagine for fish: save it as ~/.config/fish/completions/imagine.fish
      function __imagine_complete
        set -l words (commandline -opc)
        set -l word (commandline -ct)
        for line in ($words[1] --complete $words[2..-1] "$word" 2>/dev/null)
          if test "$line" = :files
            __fish_complete_path "$word"
          else if test -n "$line"
            echo $line
          end
        end
      end
      complete -c imagine -f -a '(__imagine_complete)'
      """#
    }
  }
}
