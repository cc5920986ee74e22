# Completion of drover for bash. In ~/.bashrc: source <(drover completion bash)
_drover() {
    local word="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}"
    local verb="${COMP_WORDS[1]}"
    COMPREPLY=()
    if [[ $COMP_CWORD -eq 1 ]]; then
        COMPREPLY=($(compgen -W 'up run ls status show why logs capture projects where events open chat attach send approvals approve deny pause resume stop kill hooks shell config down doctor mcp completion version help' -- "$word"))
        return
    fi
    case "$verb" in
    up)
        case "$previous" in
        --host) :; return ;;
        --port|-p) :; return ;;
        --home) COMPREPLY=($(compgen -d -- "$word")); return ;;
        --web-root) COMPREPLY=($(compgen -d -- "$word")); return ;;
        esac
        if [[ $word == -* ]]; then
            COMPREPLY=($(compgen -W '--host --port --home --web-root --open --quiet --help' -- "$word"))
        else
            :
        fi
        ;;
    run)
        case "$previous" in
        --agent|-a) COMPREPLY=($(compgen -W 'claude codex mock' -- "$word")); return ;;
        --name|-n) :; return ;;
        --cwd|-C) COMPREPLY=($(compgen -d -- "$word")); return ;;
        --env|-e) :; return ;;
        --url) :; return ;;
        esac
        if [[ $word == -* ]]; then
            COMPREPLY=($(compgen -W '--agent --tmux --headless --name --cwd --env --attach --json --url --help' -- "$word"))
        else
            COMPREPLY=($(compgen -c -- "$word"))
        fi
        ;;
    ls)
        case "$previous" in
        --state) COMPREPLY=($(compgen -W 'live ended running waiting paused stopping done failed' -- "$word")); return ;;
        --agent) :; return ;;
        --url) :; return ;;
        esac
        if [[ $word == -* ]]; then
            COMPREPLY=($(compgen -W '--all --watch --ids --state --agent --json --url --help' -- "$word"))
        else
            :
        fi
        ;;
    status)
        case "$previous" in
        --url) :; return ;;
        esac
        if [[ $word == -* ]]; then
            COMPREPLY=($(compgen -W '--tmux --json --url --help' -- "$word"))
        else
            :
        fi
        ;;
    show)
        case "$previous" in
        --url) :; return ;;
        esac
        if [[ $word == -* ]]; then
            COMPREPLY=($(compgen -W '--json --url --help' -- "$word"))
        else
            COMPREPLY=($(compgen -W "$(drover __complete sessions 2>/dev/null | cut -f1)" -- "$word"))
        fi
        ;;
    why)
        case "$previous" in
        --url) :; return ;;
        esac
        if [[ $word == -* ]]; then
            COMPREPLY=($(compgen -W '--json --url --help' -- "$word"))
        else
            COMPREPLY=($(compgen -W "$(drover __complete sessions 2>/dev/null | cut -f1)" -- "$word"))
        fi
        ;;
    logs)
        case "$previous" in
        --tail|-n) :; return ;;
        --url) :; return ;;
        esac
        if [[ $word == -* ]]; then
            COMPREPLY=($(compgen -W '--follow --tail --plain --url --help' -- "$word"))
        else
            COMPREPLY=($(compgen -W "$(drover __complete sessions 2>/dev/null | cut -f1)" -- "$word"))
        fi
        ;;
    capture)
        case "$previous" in
        --lines|-n) :; return ;;
        --url) :; return ;;
        esac
        if [[ $word == -* ]]; then
            COMPREPLY=($(compgen -W '--lines --json --url --help' -- "$word"))
        else
            COMPREPLY=($(compgen -W "$(drover __complete sessions 2>/dev/null | cut -f1)" -- "$word"))
        fi
        ;;
    projects)
        case "$previous" in
        --url) :; return ;;
        esac
        if [[ $word == -* ]]; then
            COMPREPLY=($(compgen -W '--json --url --help' -- "$word"))
        else
            :
        fi
        ;;
    where)
        case "$previous" in
        --url) :; return ;;
        esac
        if [[ $word == -* ]]; then
            COMPREPLY=($(compgen -W '--json --url --help' -- "$word"))
        else
            :
        fi
        ;;
    events)
        case "$previous" in
        --since|-s) :; return ;;
        --type|-t) :; return ;;
        --session) COMPREPLY=($(compgen -W "$(drover __complete sessions 2>/dev/null | cut -f1)" -- "$word")); return ;;
        --url) :; return ;;
        esac
        if [[ $word == -* ]]; then
            COMPREPLY=($(compgen -W '--since --follow --type --session --json --url --help' -- "$word"))
        else
            :
        fi
        ;;
    open)
        case "$previous" in
        --url) :; return ;;
        esac
        if [[ $word == -* ]]; then
            COMPREPLY=($(compgen -W '--print --json --url --help' -- "$word"))
        else
            COMPREPLY=($(compgen -W "$(drover __complete sessions 2>/dev/null | cut -f1)" -- "$word"))
        fi
        ;;
    chat)
        case "$previous" in
        --session|-s) COMPREPLY=($(compgen -W "$(drover __complete chats 2>/dev/null | cut -f1)" -- "$word")); return ;;
        --socket) COMPREPLY=($(compgen -f -- "$word")); return ;;
        --url) :; return ;;
        esac
        if [[ $word == -* ]]; then
            COMPREPLY=($(compgen -W '--session --new --bridge --socket --json --url --help' -- "$word"))
        else
            COMPREPLY=($(compgen -W 'sessions show delete' -- "$word"))
        fi
        ;;
    attach)
        case "$previous" in
        --detach-key) :; return ;;
        --url) :; return ;;
        esac
        if [[ $word == -* ]]; then
            COMPREPLY=($(compgen -W '--detach-key --read-only --exit-code --url --help' -- "$word"))
        else
            COMPREPLY=($(compgen -W "$(drover __complete live 2>/dev/null | cut -f1)" -- "$word"))
        fi
        ;;
    send)
        case "$previous" in
        --keys|-k) :; return ;;
        --url) :; return ;;
        esac
        if [[ $word == -* ]]; then
            COMPREPLY=($(compgen -W '--no-enter --enter --keys --url --help' -- "$word"))
        else
            COMPREPLY=($(compgen -W "$(drover __complete live 2>/dev/null | cut -f1)" -- "$word"))
        fi
        ;;
    approvals)
        case "$previous" in
        --url) :; return ;;
        esac
        if [[ $word == -* ]]; then
            COMPREPLY=($(compgen -W '--json --url --help' -- "$word"))
        else
            :
        fi
        ;;
    approve)
        case "$previous" in
        --note) :; return ;;
        --url) :; return ;;
        esac
        if [[ $word == -* ]]; then
            COMPREPLY=($(compgen -W '--note --json --url --help' -- "$word"))
        else
            COMPREPLY=($(compgen -W "$(drover __complete approvals 2>/dev/null | cut -f1)" -- "$word"))
        fi
        ;;
    deny)
        case "$previous" in
        --note) :; return ;;
        --url) :; return ;;
        esac
        if [[ $word == -* ]]; then
            COMPREPLY=($(compgen -W '--note --json --url --help' -- "$word"))
        else
            COMPREPLY=($(compgen -W "$(drover __complete approvals 2>/dev/null | cut -f1)" -- "$word"))
        fi
        ;;
    pause)
        case "$previous" in
        --url) :; return ;;
        esac
        if [[ $word == -* ]]; then
            COMPREPLY=($(compgen -W '--json --url --help' -- "$word"))
        else
            COMPREPLY=($(compgen -W "$(drover __complete live 2>/dev/null | cut -f1)" -- "$word"))
        fi
        ;;
    resume)
        case "$previous" in
        --url) :; return ;;
        esac
        if [[ $word == -* ]]; then
            COMPREPLY=($(compgen -W '--json --url --help' -- "$word"))
        else
            COMPREPLY=($(compgen -W "$(drover __complete live 2>/dev/null | cut -f1)" -- "$word"))
        fi
        ;;
    stop)
        case "$previous" in
        --url) :; return ;;
        esac
        if [[ $word == -* ]]; then
            COMPREPLY=($(compgen -W '--wait --json --url --help' -- "$word"))
        else
            COMPREPLY=($(compgen -W "$(drover __complete live 2>/dev/null | cut -f1)" -- "$word"))
        fi
        ;;
    kill)
        case "$previous" in
        --signal|-s) COMPREPLY=($(compgen -W 'SIGINT SIGTERM SIGKILL SIGHUP SIGQUIT SIGUSR1 SIGUSR2' -- "$word")); return ;;
        --url) :; return ;;
        esac
        if [[ $word == -* ]]; then
            COMPREPLY=($(compgen -W '--signal --json --url --help' -- "$word"))
        else
            COMPREPLY=($(compgen -W "$(drover __complete live 2>/dev/null | cut -f1)" -- "$word"))
        fi
        ;;
    hooks)
        case "$previous" in
        --agent|-a) COMPREPLY=($(compgen -W 'claude codex gemini opencode' -- "$word")); return ;;
        --project|-p) COMPREPLY=($(compgen -d -- "$word")); return ;;
        esac
        if [[ $word == -* ]]; then
            COMPREPLY=($(compgen -W '--agent --project --yes --dry-run --json --help' -- "$word"))
        else
            COMPREPLY=($(compgen -W 'install uninstall status' -- "$word"))
        fi
        ;;
    shell)
        if [[ $word == -* ]]; then
            COMPREPLY=($(compgen -W '--yes --dry-run --json --help' -- "$word"))
        else
            COMPREPLY=($(compgen -W 'install uninstall status' -- "$word"))
        fi
        ;;
    config)
        case "$previous" in
        --url) :; return ;;
        esac
        if [[ $word == -* ]]; then
            COMPREPLY=($(compgen -W '--show-secrets --dry-run --yes --json --url --help' -- "$word"))
        else
            COMPREPLY=($(compgen -W 'get set unset apply reset edit keys path' -- "$word"))
        fi
        ;;
    down)
        case "$previous" in
        --url) :; return ;;
        esac
        if [[ $word == -* ]]; then
            COMPREPLY=($(compgen -W '--json --url --help' -- "$word"))
        else
            :
        fi
        ;;
    doctor)
        case "$previous" in
        --url) :; return ;;
        esac
        if [[ $word == -* ]]; then
            COMPREPLY=($(compgen -W '--json --url --help' -- "$word"))
        else
            :
        fi
        ;;
    mcp)
        case "$previous" in
        --url) :; return ;;
        esac
        if [[ $word == -* ]]; then
            COMPREPLY=($(compgen -W '--control --url --help' -- "$word"))
        else
            :
        fi
        ;;
    completion)
        if [[ $word == -* ]]; then
            COMPREPLY=($(compgen -W '--help' -- "$word"))
        else
            COMPREPLY=($(compgen -W 'bash zsh fish' -- "$word"))
        fi
        ;;
    version)
        if [[ $word == -* ]]; then
            COMPREPLY=($(compgen -W '--json --help' -- "$word"))
        else
            :
        fi
        ;;
    help)
        if [[ $word == -* ]]; then
            COMPREPLY=($(compgen -W '--help' -- "$word"))
        else
            COMPREPLY=($(compgen -W 'up run ls status show why logs capture projects where events open chat attach send approvals approve deny pause resume stop kill hooks shell config down doctor mcp completion version help' -- "$word"))
        fi
        ;;
    esac
}
complete -F _drover drover
