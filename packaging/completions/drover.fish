# Completion of drover for fish: drover completion fish > ~/.config/fish/completions/drover.fish
complete -c drover -f
complete -c drover -n __fish_use_subcommand -a up -d 'Run the daemon and the web page'
complete -c drover -n __fish_use_subcommand -a run -d 'Launch a program or an agent'
complete -c drover -n __fish_use_subcommand -a ls -d 'List the sessions, those that need you first'
complete -c drover -n __fish_use_subcommand -a status -d 'Say in one line who waits, works and is done'
complete -c drover -n __fish_use_subcommand -a show -d 'Tell all about one session'
complete -c drover -n __fish_use_subcommand -a why -d 'Say which evidence a session\'s state rests on'
complete -c drover -n __fish_use_subcommand -a logs -d 'Print what a session\'s program wrote'
complete -c drover -n __fish_use_subcommand -a capture -d 'Show what a session\'s screen shows now'
complete -c drover -n __fish_use_subcommand -a projects -d 'List the projects that agents work in, whoever started them'
complete -c drover -n __fish_use_subcommand -a where -d 'Tell which terminal a project is in'
complete -c drover -n __fish_use_subcommand -a events -d 'Print what happened, from the journal'
complete -c drover -n __fish_use_subcommand -a open -d 'Show the web page'
complete -c drover -n __fish_use_subcommand -a chat -d 'Talk to the daemon\'s own agent'
complete -c drover -n __fish_use_subcommand -a attach -d 'Sit down at a session\'s terminal'
complete -c drover -n __fish_use_subcommand -a send -d 'Type into a session'
complete -c drover -n __fish_use_subcommand -a approvals -d 'List what waits for your decision'
complete -c drover -n __fish_use_subcommand -a approve -d 'Say yes to what waits'
complete -c drover -n __fish_use_subcommand -a deny -d 'Say no to what waits'
complete -c drover -n __fish_use_subcommand -a pause -d 'Halt sessions until you resume them'
complete -c drover -n __fish_use_subcommand -a resume -d 'Let paused sessions go on'
complete -c drover -n __fish_use_subcommand -a stop -d 'Ask sessions to end'
complete -c drover -n __fish_use_subcommand -a kill -d 'End sessions at once'
complete -c drover -n __fish_use_subcommand -a hooks -d 'Have agents report what they do'
complete -c drover -n __fish_use_subcommand -a shell -d 'Have shells tell where they are'
complete -c drover -n __fish_use_subcommand -a config -d 'Read and change the configuration'
complete -c drover -n __fish_use_subcommand -a down -d 'End the daemon'
complete -c drover -n __fish_use_subcommand -a doctor -d 'Find out what is wrong'
complete -c drover -n __fish_use_subcommand -a mcp -d 'Serve agents and operators over MCP, on stdin and stdout'
complete -c drover -n __fish_use_subcommand -a completion -d 'Print completions for bash, zsh or fish'
complete -c drover -n __fish_use_subcommand -a version -d 'Tell the version of this program'
complete -c drover -n __fish_use_subcommand -a help -d 'Tell what there is to type'
complete -c drover -n '__fish_seen_subcommand_from up' -l host -d 'Listen on this address (default 127.0.0.1)' -x
complete -c drover -n '__fish_seen_subcommand_from up' -s p -l port -d 'Listen on this port (default 3000, 0 = any)' -x
complete -c drover -n '__fish_seen_subcommand_from up' -l home -d 'Keep everything there (default ~/.drover)' -x -a '(__fish_complete_directories)'
complete -c drover -n '__fish_seen_subcommand_from up' -l web-root -d 'Serve the web page from there' -x -a '(__fish_complete_directories)'
complete -c drover -n '__fish_seen_subcommand_from up' -l open -d 'Show the web page once it is up'
complete -c drover -n '__fish_seen_subcommand_from up' -s q -l quiet -d 'Log warnings and errors only'
complete -c drover -n '__fish_seen_subcommand_from up' -s h -l help -d 'Show this help'
complete -c drover -n '__fish_seen_subcommand_from run' -s a -l agent -d 'Launch this agent: claude, codex, one of your configuration, or mock' -x -a 'claude codex mock'
complete -c drover -n '__fish_seen_subcommand_from run' -l tmux -d 'Run in tmux: in that pane (SESSION:WINDOW.PANE), or in a new window'
complete -c drover -n '__fish_seen_subcommand_from run' -l headless -d 'Run without a terminal'
complete -c drover -n '__fish_seen_subcommand_from run' -s n -l name -d 'Call the session so' -x
complete -c drover -n '__fish_seen_subcommand_from run' -s C -l cwd -d 'Run there (default: here)' -x -a '(__fish_complete_directories)'
complete -c drover -n '__fish_seen_subcommand_from run' -s e -l env -d 'Set a variable of its environment (repeatable)' -x
complete -c drover -n '__fish_seen_subcommand_from run' -l attach -d 'Attach to it at once'
complete -c drover -n '__fish_seen_subcommand_from run' -l json -d 'Print JSON, for programs'
complete -c drover -n '__fish_seen_subcommand_from run' -l url -d 'The daemon\'s address (also DROVER_URL)' -x
complete -c drover -n '__fish_seen_subcommand_from run' -s h -l help -d 'Show this help'
complete -c drover -n '__fish_seen_subcommand_from run' -a '(__fish_complete_command)'
complete -c drover -n '__fish_seen_subcommand_from ls' -s a -l all -d 'Also all that have ended'
complete -c drover -n '__fish_seen_subcommand_from ls' -s w -l watch -d 'Keep the list up to date'
complete -c drover -n '__fish_seen_subcommand_from ls' -l ids -d 'Print ids only, a line each'
complete -c drover -n '__fish_seen_subcommand_from ls' -l state -d 'Only those: live, ended, or a state' -x -a 'live ended running waiting paused stopping done failed'
complete -c drover -n '__fish_seen_subcommand_from ls' -l agent -d 'Only those of this agent' -x
complete -c drover -n '__fish_seen_subcommand_from ls' -l json -d 'Print JSON, for programs'
complete -c drover -n '__fish_seen_subcommand_from ls' -l url -d 'The daemon\'s address (also DROVER_URL)' -x
complete -c drover -n '__fish_seen_subcommand_from ls' -s h -l help -d 'Show this help'
complete -c drover -n '__fish_seen_subcommand_from status' -l tmux -d 'For tmux\'s status bar'
complete -c drover -n '__fish_seen_subcommand_from status' -l json -d 'Print JSON, for programs'
complete -c drover -n '__fish_seen_subcommand_from status' -l url -d 'The daemon\'s address (also DROVER_URL)' -x
complete -c drover -n '__fish_seen_subcommand_from status' -s h -l help -d 'Show this help'
complete -c drover -n '__fish_seen_subcommand_from show' -l json -d 'Print JSON, for programs'
complete -c drover -n '__fish_seen_subcommand_from show' -l url -d 'The daemon\'s address (also DROVER_URL)' -x
complete -c drover -n '__fish_seen_subcommand_from show' -s h -l help -d 'Show this help'
complete -c drover -n '__fish_seen_subcommand_from show' -a '(drover __complete sessions 2>/dev/null)'
complete -c drover -n '__fish_seen_subcommand_from why' -l json -d 'Print JSON, for programs'
complete -c drover -n '__fish_seen_subcommand_from why' -l url -d 'The daemon\'s address (also DROVER_URL)' -x
complete -c drover -n '__fish_seen_subcommand_from why' -s h -l help -d 'Show this help'
complete -c drover -n '__fish_seen_subcommand_from why' -a '(drover __complete sessions 2>/dev/null)'
complete -c drover -n '__fish_seen_subcommand_from logs' -s f -l follow -d 'Go on until the program ends'
complete -c drover -n '__fish_seen_subcommand_from logs' -s n -l tail -d 'Only the last so many bytes' -x
complete -c drover -n '__fish_seen_subcommand_from logs' -s p -l plain -d 'Without colours and cursor movements'
complete -c drover -n '__fish_seen_subcommand_from logs' -l url -d 'The daemon\'s address (also DROVER_URL)' -x
complete -c drover -n '__fish_seen_subcommand_from logs' -s h -l help -d 'Show this help'
complete -c drover -n '__fish_seen_subcommand_from logs' -a '(drover __complete sessions 2>/dev/null)'
complete -c drover -n '__fish_seen_subcommand_from capture' -s n -l lines -d 'The last so many lines, scrolled away or not' -x
complete -c drover -n '__fish_seen_subcommand_from capture' -l json -d 'Print JSON, for programs'
complete -c drover -n '__fish_seen_subcommand_from capture' -l url -d 'The daemon\'s address (also DROVER_URL)' -x
complete -c drover -n '__fish_seen_subcommand_from capture' -s h -l help -d 'Show this help'
complete -c drover -n '__fish_seen_subcommand_from capture' -a '(drover __complete sessions 2>/dev/null)'
complete -c drover -n '__fish_seen_subcommand_from projects' -l json -d 'Print JSON, for programs'
complete -c drover -n '__fish_seen_subcommand_from projects' -l url -d 'The daemon\'s address (also DROVER_URL)' -x
complete -c drover -n '__fish_seen_subcommand_from projects' -s h -l help -d 'Show this help'
complete -c drover -n '__fish_seen_subcommand_from where' -l json -d 'Print JSON, for programs'
complete -c drover -n '__fish_seen_subcommand_from where' -l url -d 'The daemon\'s address (also DROVER_URL)' -x
complete -c drover -n '__fish_seen_subcommand_from where' -s h -l help -d 'Show this help'
complete -c drover -n '__fish_seen_subcommand_from events' -s s -l since -d 'Those after this row of the journal' -x
complete -c drover -n '__fish_seen_subcommand_from events' -s f -l follow -d 'Go on with what is to come'
complete -c drover -n '__fish_seen_subcommand_from events' -s t -l type -d 'Only this type (repeatable, or TYPE,TYPE)' -x
complete -c drover -n '__fish_seen_subcommand_from events' -l session -d 'Only those of this session' -x -a '(drover __complete sessions 2>/dev/null)'
complete -c drover -n '__fish_seen_subcommand_from events' -l json -d 'Print JSON, for programs'
complete -c drover -n '__fish_seen_subcommand_from events' -l url -d 'The daemon\'s address (also DROVER_URL)' -x
complete -c drover -n '__fish_seen_subcommand_from events' -s h -l help -d 'Show this help'
complete -c drover -n '__fish_seen_subcommand_from open' -l print -d 'Print the address only'
complete -c drover -n '__fish_seen_subcommand_from open' -l json -d 'Print JSON, for programs'
complete -c drover -n '__fish_seen_subcommand_from open' -l url -d 'The daemon\'s address (also DROVER_URL)' -x
complete -c drover -n '__fish_seen_subcommand_from open' -s h -l help -d 'Show this help'
complete -c drover -n '__fish_seen_subcommand_from open' -a '(drover __complete sessions 2>/dev/null)'
complete -c drover -n '__fish_seen_subcommand_from chat' -s s -l session -d 'Go on with this session, or begin one of this id' -x -a '(drover __complete chats 2>/dev/null)'
complete -c drover -n '__fish_seen_subcommand_from chat' -s n -l new -d 'Begin a new session'
complete -c drover -n '__fish_seen_subcommand_from chat' -l bridge -d 'Answer frames on stdin and stdout instead'
complete -c drover -n '__fish_seen_subcommand_from chat' -l socket -d 'With --bridge: listen at this Unix socket' -x -F
complete -c drover -n '__fish_seen_subcommand_from chat' -l json -d 'Print JSON, for programs'
complete -c drover -n '__fish_seen_subcommand_from chat' -l url -d 'The daemon\'s address (also DROVER_URL)' -x
complete -c drover -n '__fish_seen_subcommand_from chat' -s h -l help -d 'Show this help'
complete -c drover -n '__fish_seen_subcommand_from chat' -a 'sessions show delete'
complete -c drover -n '__fish_seen_subcommand_from attach' -l detach-key -d 'Detach with this, such as "C-p C-q" or "Ctrl-]"' -x
complete -c drover -n '__fish_seen_subcommand_from attach' -s r -l read-only -d 'Look, and type nothing'
complete -c drover -n '__fish_seen_subcommand_from attach' -l exit-code -d 'Exit as the program does when it ends'
complete -c drover -n '__fish_seen_subcommand_from attach' -l url -d 'The daemon\'s address (also DROVER_URL)' -x
complete -c drover -n '__fish_seen_subcommand_from attach' -s h -l help -d 'Show this help'
complete -c drover -n '__fish_seen_subcommand_from attach' -a '(drover __complete live 2>/dev/null)'
complete -c drover -n '__fish_seen_subcommand_from send' -l no-enter -d 'Do not press Enter afterwards'
complete -c drover -n '__fish_seen_subcommand_from send' -l enter -d 'Press Enter afterwards, also after --keys'
complete -c drover -n '__fish_seen_subcommand_from send' -s k -l keys -d 'Press these keys, such as C-c or "Up Up Enter" (repeatable)' -x
complete -c drover -n '__fish_seen_subcommand_from send' -l url -d 'The daemon\'s address (also DROVER_URL)' -x
complete -c drover -n '__fish_seen_subcommand_from send' -s h -l help -d 'Show this help'
complete -c drover -n '__fish_seen_subcommand_from send' -a '(drover __complete live 2>/dev/null)'
complete -c drover -n '__fish_seen_subcommand_from approvals' -l json -d 'Print JSON, for programs'
complete -c drover -n '__fish_seen_subcommand_from approvals' -l url -d 'The daemon\'s address (also DROVER_URL)' -x
complete -c drover -n '__fish_seen_subcommand_from approvals' -s h -l help -d 'Show this help'
complete -c drover -n '__fish_seen_subcommand_from approve' -l note -d 'Say why' -x
complete -c drover -n '__fish_seen_subcommand_from approve' -l json -d 'Print JSON, for programs'
complete -c drover -n '__fish_seen_subcommand_from approve' -l url -d 'The daemon\'s address (also DROVER_URL)' -x
complete -c drover -n '__fish_seen_subcommand_from approve' -s h -l help -d 'Show this help'
complete -c drover -n '__fish_seen_subcommand_from approve' -a '(drover __complete approvals 2>/dev/null)'
complete -c drover -n '__fish_seen_subcommand_from deny' -l note -d 'Say why' -x
complete -c drover -n '__fish_seen_subcommand_from deny' -l json -d 'Print JSON, for programs'
complete -c drover -n '__fish_seen_subcommand_from deny' -l url -d 'The daemon\'s address (also DROVER_URL)' -x
complete -c drover -n '__fish_seen_subcommand_from deny' -s h -l help -d 'Show this help'
complete -c drover -n '__fish_seen_subcommand_from deny' -a '(drover __complete approvals 2>/dev/null)'
complete -c drover -n '__fish_seen_subcommand_from pause' -l json -d 'Print JSON, for programs'
complete -c drover -n '__fish_seen_subcommand_from pause' -l url -d 'The daemon\'s address (also DROVER_URL)' -x
complete -c drover -n '__fish_seen_subcommand_from pause' -s h -l help -d 'Show this help'
complete -c drover -n '__fish_seen_subcommand_from pause' -a '(drover __complete live 2>/dev/null)'
complete -c drover -n '__fish_seen_subcommand_from resume' -l json -d 'Print JSON, for programs'
complete -c drover -n '__fish_seen_subcommand_from resume' -l url -d 'The daemon\'s address (also DROVER_URL)' -x
complete -c drover -n '__fish_seen_subcommand_from resume' -s h -l help -d 'Show this help'
complete -c drover -n '__fish_seen_subcommand_from resume' -a '(drover __complete live 2>/dev/null)'
complete -c drover -n '__fish_seen_subcommand_from stop' -s w -l wait -d 'Return when they have ended'
complete -c drover -n '__fish_seen_subcommand_from stop' -l json -d 'Print JSON, for programs'
complete -c drover -n '__fish_seen_subcommand_from stop' -l url -d 'The daemon\'s address (also DROVER_URL)' -x
complete -c drover -n '__fish_seen_subcommand_from stop' -s h -l help -d 'Show this help'
complete -c drover -n '__fish_seen_subcommand_from stop' -a '(drover __complete live 2>/dev/null)'
complete -c drover -n '__fish_seen_subcommand_from kill' -s s -l signal -d 'Send this signal: INT, TERM, KILL, HUP, QUIT, USR1, USR2' -x -a 'SIGINT SIGTERM SIGKILL SIGHUP SIGQUIT SIGUSR1 SIGUSR2'
complete -c drover -n '__fish_seen_subcommand_from kill' -l json -d 'Print JSON, for programs'
complete -c drover -n '__fish_seen_subcommand_from kill' -l url -d 'The daemon\'s address (also DROVER_URL)' -x
complete -c drover -n '__fish_seen_subcommand_from kill' -s h -l help -d 'Show this help'
complete -c drover -n '__fish_seen_subcommand_from kill' -a '(drover __complete live 2>/dev/null)'
complete -c drover -n '__fish_seen_subcommand_from hooks' -s a -l agent -d 'claude, codex, gemini or opencode; without it, those that are here' -x -a 'claude codex gemini opencode'
complete -c drover -n '__fish_seen_subcommand_from hooks' -s p -l project -d 'For this project alone' -x -a '(__fish_complete_directories)'
complete -c drover -n '__fish_seen_subcommand_from hooks' -s y -l yes -d 'Do not ask'
complete -c drover -n '__fish_seen_subcommand_from hooks' -s n -l dry-run -d 'Only show what would change'
complete -c drover -n '__fish_seen_subcommand_from hooks' -l json -d 'Print JSON, for programs'
complete -c drover -n '__fish_seen_subcommand_from hooks' -s h -l help -d 'Show this help'
complete -c drover -n '__fish_seen_subcommand_from hooks' -a 'install uninstall status'
complete -c drover -n '__fish_seen_subcommand_from shell' -s y -l yes -d 'Do not ask'
complete -c drover -n '__fish_seen_subcommand_from shell' -s n -l dry-run -d 'Only show what would change'
complete -c drover -n '__fish_seen_subcommand_from shell' -l json -d 'Print JSON, for programs'
complete -c drover -n '__fish_seen_subcommand_from shell' -s h -l help -d 'Show this help'
complete -c drover -n '__fish_seen_subcommand_from shell' -a 'install uninstall status'
complete -c drover -n '__fish_seen_subcommand_from config' -l show-secrets -d 'Show keys and tokens in clear'
complete -c drover -n '__fish_seen_subcommand_from config' -s n -l dry-run -d 'Only show what would change'
complete -c drover -n '__fish_seen_subcommand_from config' -s y -l yes -d 'Do not ask'
complete -c drover -n '__fish_seen_subcommand_from config' -l json -d 'Print JSON, for programs'
complete -c drover -n '__fish_seen_subcommand_from config' -l url -d 'The daemon\'s address (also DROVER_URL)' -x
complete -c drover -n '__fish_seen_subcommand_from config' -s h -l help -d 'Show this help'
complete -c drover -n '__fish_seen_subcommand_from config' -a 'get set unset apply reset edit keys path'
complete -c drover -n '__fish_seen_subcommand_from down' -l json -d 'Print JSON, for programs'
complete -c drover -n '__fish_seen_subcommand_from down' -l url -d 'The daemon\'s address (also DROVER_URL)' -x
complete -c drover -n '__fish_seen_subcommand_from down' -s h -l help -d 'Show this help'
complete -c drover -n '__fish_seen_subcommand_from doctor' -l json -d 'Print JSON, for programs'
complete -c drover -n '__fish_seen_subcommand_from doctor' -l url -d 'The daemon\'s address (also DROVER_URL)' -x
complete -c drover -n '__fish_seen_subcommand_from doctor' -s h -l help -d 'Show this help'
complete -c drover -n '__fish_seen_subcommand_from mcp' -l control -d 'Offer the control plane to an agent'
complete -c drover -n '__fish_seen_subcommand_from mcp' -l url -d 'The daemon\'s address (also DROVER_URL)' -x
complete -c drover -n '__fish_seen_subcommand_from mcp' -s h -l help -d 'Show this help'
complete -c drover -n '__fish_seen_subcommand_from completion' -s h -l help -d 'Show this help'
complete -c drover -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'
complete -c drover -n '__fish_seen_subcommand_from version' -l json -d 'Print JSON, for programs'
complete -c drover -n '__fish_seen_subcommand_from version' -s h -l help -d 'Show this help'
complete -c drover -n '__fish_seen_subcommand_from help' -s h -l help -d 'Show this help'
complete -c drover -n '__fish_seen_subcommand_from help' -a 'up run ls status show why logs capture projects where events open chat attach send approvals approve deny pause resume stop kill hooks shell config down doctor mcp completion version help'
