# Completion of cafbus for fish: the program itself answers.
function __cafbus_complete
    set -l words (commandline -opc)
    set -l last (commandline -ot)
    set -l program $words[1]
    set -e words[1]
    for line in (command $program __complete words $words "$last" 2>/dev/null)
        switch $line
            case ':files *' ':folders *'
                set -l length (string split ' ' -- $line)[2]
                set -l kept (string sub -l $length -- "$last")
                set -l rest (string sub -s (math $length + 1) -- "$last")
                if string match -q ':files*' -- $line
                    printf '%s\n' "$kept"(__fish_complete_path "$rest")
                else
                    printf '%s\n' "$kept"(__fish_complete_directories "$rest")
                end
            case ':*'
            case '*'
                echo $line
        end
    end
end
complete -c cafbus -f -a '(__cafbus_complete)'
