# Completion of cafbus for bash: the program itself answers.
_cafbus() {
  local more=
  mapfile -t COMPREPLY < <("${1/#\~/$HOME}" __complete bash "${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" 2>/dev/null)
  ((${#COMPREPLY[@]})) || return
  more=${COMPREPLY[-1]}
  unset 'COMPREPLY[-1]'
  case $more in
    :files*) compopt -o default ;;
    :folders*) compopt -o dirnames ;;
    :nospace) compopt -o nospace ;;
  esac
}
complete -F _cafbus cafbus
