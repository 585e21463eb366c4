/** What `plat completion` prints: each script asks plat itself for candidates, one per line, a tab before what it means. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

const BASH = String.raw`# bash completion for plat
_plat() {
  local line candidates=()
  COMPREPLY=()
  # COMP_WORDS splits at = and :, which names and URLs contain; the line itself does not.
  local typed="${'$'}{COMP_LINE:0:COMP_POINT}"
  local -a words
  read -ra words <<<"$typed"
  [[ "$typed" == *[[:space:]] ]] && words+=("")
  while IFS=$'\t' read -r line _; do candidates+=("$line"); done < <("${'$'}{words[0]}" __complete "${'$'}{words[@]:1}" 2>/dev/null)
  local current="${'$'}{words[-1]}" prefix=""
  # Readline replaces only what follows the last break character.
  [[ "$current" == *[:=]* ]] && prefix="${'$'}{current%"${'$'}{current##*[:=]}"}"
  for line in "${'$'}{candidates[@]}"; do COMPREPLY+=("${'$'}{line#"$prefix"}"); done
  [[ ${'$'}{#COMPREPLY[@]} -eq 1 && "${'$'}{COMPREPLY[0]}" == *= ]] && compopt -o nospace
  return 0
}
complete -o default -F _plat plat`;

const ZSH = String.raw`#compdef plat
_plat() {
  local line
  local -a candidates
  for line in "${'$'}{(@f)$("${'$'}{words[1]}" __complete "${'$'}{(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -z "$line" ]] && continue
    # _describe takes a colon as the end of the name.
    candidates+=("${'$'}{${'$'}{line%%$'\t'*}//:/\\:}:${'$'}{line#*$'\t'}")
  done
  if (( ${'$'}{#candidates} )); then _describe plat candidates; else _files; fi
}
if [[ "${'$'}{funcstack[1]}" == _plat ]]; then _plat "$@"; else compdef _plat plat; fi`;

const FISH = `# fish completion for plat
function __plat_complete
    set -l words (commandline -opc)
    $words[1] __complete $words[2..-1] (commandline -ct) 2>/dev/null
end
complete -c plat -f -a '(__plat_complete)'
complete -c plat -n 'not __plat_complete | string length -q' -F`;

const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };

export function completionScript(shell: Shell): string {
  return SCRIPTS[shell];
}
