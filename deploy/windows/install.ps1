# Runs OrderMirror whenever Windows runs, without anybody logging in. Give it as an administrator:
#
#   powershell -ExecutionPolicy Bypass -File install.ps1 -Program C:\OrderMirror\venv\Scripts\ordermirror.exe -Data C:\OrderMirror\data
#
# The settings are in an .env file in the data folder. Given again, it replaces what is there.
param(
    [Parameter(Mandatory)] [string] $Program,
    [Parameter(Mandatory)] [string] $Data,
    [string] $Name = "OrderMirror"
)
$ErrorActionPreference = "Stop"

if (-not (Test-Path -LiteralPath $Program -PathType Leaf)) { throw "There is no program $Program" }
New-Item -ItemType Directory -Force -Path $Data | Out-Null
if (-not (Test-Path -LiteralPath (Join-Path $Data ".env"))) { throw "Put the settings into $Data\.env first" }

# Only the account that runs it and administrators may read the settings and the data.
icacls $Data /inheritance:r /grant "*S-1-5-19:(OI)(CI)M" "*S-1-5-32-544:(OI)(CI)F" | Out-Null
[Environment]::SetEnvironmentVariable("ORDERMIRROR_DATA_DIR", $Data, "Machine")

$action = New-ScheduledTaskAction -Execute $Program -Argument "run" -WorkingDirectory $Data
$trigger = New-ScheduledTaskTrigger -AtStartup
$account = New-ScheduledTaskPrincipal -UserId "S-1-5-19" -LogonType ServiceAccount -RunLevel Limited
$settings = New-ScheduledTaskSettingsSet -ExecutionTimeLimit ([TimeSpan]::Zero) `
    -RestartCount 999 -RestartInterval (New-TimeSpan -Minutes 1) -MultipleInstances IgnoreNew `
    -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries -StartWhenAvailable

Stop-ScheduledTask -TaskName $Name -ErrorAction SilentlyContinue
Register-ScheduledTask -TaskName $Name -Action $action -Trigger $trigger -Principal $account `
    -Settings $settings -Force | Out-Null
Start-ScheduledTask -TaskName $Name
Get-ScheduledTask -TaskName $Name
