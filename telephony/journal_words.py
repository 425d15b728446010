"""What manager events are made of: the dictionary with which the journal packs even a single event well.

Part of the segments' format: a changed word makes every segment unreadable. Another dictionary needs another MAGIC.
"""

from __future__ import annotations

_CHANNEL = (
    "Channel: PJSIP/{0}ChannelState: 6\r\n{0}ChannelStateDesc: Up\r\n{0}CallerIDNum: \r\n{0}CallerIDName: \r\n"
    "{0}ConnectedLineNum: <unknown>\r\n{0}ConnectedLineName: <unknown>\r\n{0}Language: en\r\n{0}AccountCode: \r\n"
    "{0}Context: from-internal\r\n{0}Exten: s\r\n{0}Priority: 1\r\n{0}Uniqueid: 17953109\r\n{0}Linkedid: 17953109\r\n"
)
_BRIDGE = (
    "BridgeUniqueid: -4\r\nBridgeType: basic\r\nBridgeTechnology: simple_bridge\r\nBridgeCreator: <unknown>\r\n"
    "BridgeName: <unknown>\r\nBridgeNumChannels: 2\r\nBridgeVideoSourceMode: none\r\n"
)
_CDR = (
    "Event: Cdr\r\nPrivilege: cdr,all\r\nAccountCode: \r\nSource: \r\nDestination: \r\nDestinationContext: from-trunk\r\n"
    'CallerID: "" <>\r\nDestinationChannel: Local/@from-queue-;1\r\nLastApplication: Queue\r\nLastData: ,tT\r\n'
    "StartTime: 2026-\r\nAnswerTime: 2026-\r\nEndTime: 2026-\r\nDuration: \r\nBillableSeconds: \r\n"
    "Disposition: ANSWERED\r\nAMAFlags: DOCUMENTATION\r\nUniqueID: \r\nUserField: \r\n\r\n"
)
_CEL = (
    "Event: CEL\r\nPrivilege: call,all\r\nEventName: CHAN_START\r\nAccountCode: \r\nCallerIDnum: \r\nCallerIDname: \r\n"
    "CallerIDani: \r\nCallerIDrdnis: \r\nCallerIDdnid: \r\nApplication: AppDial\r\nAppData: (Outgoing Line)\r\n"
    "EventTime: 2026-\r\nAMAFlags: DOCUMENTATION\r\nUniqueID: \r\nLinkedID: \r\nUserField: \r\nPeer: \r\nPeerAccount: \r\n"
    'Extra: {"hangupcause":16,"hangupsource":"PJSIP/","dialstatus":"ANSWER","bridge_id":"","bridge_technology":""}\r\n\r\n'
    "EventName: HANGUP ANSWER BRIDGE_ENTER BRIDGE_EXIT APP_START APP_END CHAN_END LINKEDID_END\r\n"
)
_REPORTS = (
    "Event: RTCPSent\r\nPrivilege: reporting,all\r\nSSRC: 0x\r\nPT: 200(SR)\r\nTo: :\r\nFrom: :\r\nRTT: 0.0\r\n"
    "ReportCount: 1\r\nSentNTP: \r\nSentRTP: \r\nSentPackets: \r\nSentOctets: \r\nReport0SourceSSRC: 0x\r\n"
    "Report0FractionLost: 0\r\nReport0CumulativeLost: 0\r\nReport0HighestSequence: \r\nReport0SequenceNumberCycles: 0\r\n"
    "Report0IAJitter: \r\nReport0LSR: \r\nReport0DLSR: 0.0\r\n\r\nEvent: RTCPReceived\r\n"
    "Event: PeerStatus\r\nPrivilege: system,all\r\nChannelType: PJSIP\r\nPeer: PJSIP/\r\nPeerStatus: Reachable\r\n\r\n"
    "Event: ContactStatus\r\nURI: sip:@127.0.0.1:;transport=udp\r\nContactStatus: Reachable\r\nAOR: \r\nEndpointName: \r\n\r\n"
    "Event: SuccessfulAuth\r\nPrivilege: security,all\r\nEventTV: 2026-\r\nSeverity: Informational\r\nService: AMI\r\n"
    "EventVersion: 1\r\nAccountID: \r\nSessionID: 0x\r\nLocalAddress: IPV4/TCP/\r\nRemoteAddress: IPV4/TCP/\r\n\r\n"
)
_QUEUES = (
    "Event: QueueParams\r\nQueue: \r\nMax: 0\r\nStrategy: ringall\r\nCalls: 0\r\nHoldtime: 0\r\nTalkTime: 0\r\nCompleted: 0\r\n"
    "Abandoned: 0\r\nServiceLevel: 60\r\nServicelevelPerf: 0.0\r\nWeight: 0\r\n\r\nEvent: QueueMember\r\nLocation: Local/@from-queue/n\r\n"
    "Event: QueueMemberStatus\r\nPrivilege: agent,all\r\nQueue: \r\nMemberName: \r\nInterface: PJSIP/\r\n"
    "StateInterface: PJSIP/\r\nMembership: static\r\nPenalty: 0\r\nCallsTaken: 0\r\nLastCall: 0\r\nLastPause: 0\r\n"
    "LoginTime: 17953109\r\nInCall: 0\r\nStatus: 1\r\nPaused: 0\r\nPausedReason: \r\nRinginuse: 0\r\nWrapuptime: 0\r\n\r\n"
    "Event: QueueMemberPause\r\nEvent: QueueMemberAdded\r\nEvent: QueueMemberRemoved\r\nEvent: QueueEntry\r\n"
    "Event: QueueCallerAbandon\r\nOriginalPosition: 1\r\nHoldTime: \r\nTalkTime: \r\nReason: agent\r\nRingTime: \r\n"
    "Event: QueueCallerJoin\r\nCount: 1\r\nPosition: 1\r\nEvent: QueueCallerLeave\r\nEvent: AgentCalled\r\n"
    "Event: AgentConnect\r\nEvent: AgentComplete\r\nEvent: AgentRingNoAnswer\r\n"
)
_CALLS = (
    "Event: CoreShowChannel\r\nActionID: avasanj-coreshowchannels-\r\nEventList: start\r\nDuration: 00:00:\r\nBridgeId: \r\n"
    "Response: Success\r\nMessage: \r\nPing: Pong\r\nEvent: Status\r\nEvent: FullyBooted\r\nStatus: Fully Booted\r\n"
    "Event: TestEvent\r\nPrivilege: reporting,all\r\nType: StateChange\r\nState: CallIDChange\r\n"
    "AppFile: channel_internal_api.c\r\nAppFunction: ast_channel_callid_set\r\nAppLine: \r\nCallID: [C-0000\r\n\r\n"
    "Event: BlindTransfer\r\nPrivilege: call,all\r\nResult: Success\r\nTransfererChannel: \r\nTransfereeChannel: \r\n"
    "Event: AttendedTransfer\r\nIsExternal: No\r\nExtension: \r\nDestType: Bridge\r\nEvent: LocalBridge\r\nLocalOptimization: No\r\n"
    "LocalOneChannel: Local/\r\nLocalTwoChannel: Local/\r\nEvent: MixMonitorStart\r\nEvent: MixMonitorStop\r\n"
    "Event: HangupHandlerPush\r\nHandler: \r\nEvent: HangupHandlerRun\r\nEvent: ParkedCall\r\nParkeeChannel: \r\nParkingLot: \r\n"
    "Event: MusicOnHoldStart\r\nClass: default\r\nEvent: MusicOnHoldStop\r\nEvent: Hold\r\nEvent: Unhold\r\n"
    "Event: NewCallerid\r\nCID-CallingPres: 0 (Presentation Allowed, Not Screened)\r\nEvent: NewAccountCode\r\n"
    "Event: SoftHangupRequest\r\nCause: 16\r\nEvent: HangupRequest\r\nCause: 16\r\nTechCause: \r\n"
    "Event: Hangup\r\nCause: 16\r\nCause-txt: Normal Clearing\r\n\r\nEvent: BridgeCreate\r\nEvent: BridgeDestroy\r\n"
    "Event: DialState\r\nDialStatus: RINGING\r\nDialString: 100\r\nEvent: DialBegin\r\nEvent: DialEnd\r\nDialStatus: ANSWER\r\n"
)
_TAIL = (
    "Event: DeviceStateChange\r\nPrivilege: call,all\r\nTimestamp: 17953109\r\nDevice: PJSIP/\r\nState: NOT_INUSE\r\n\r\n"
    "State: INUSE\r\nState: RINGING\r\nDevice: Queue:_pause_\r\n"
    "Event: BridgeLeave\r\nEvent: BridgeEnter\r\nPrivilege: call,all\r\nTimestamp: 17953109\r\n"
    + _BRIDGE
    + "Event: NewConnectedLine\r\n"
    "Event: Newstate\r\nEvent: Newchannel\r\nPrivilege: call,all\r\nTimestamp: 17953109\r\nChannelState: 4\r\nChannelStateDesc: Ring\r\n"
    "Event: Newexten\r\nPrivilege: dialplan,all\r\nTimestamp: 17953109\r\nExtension: \r\nApplication: ExecIf\r\nAppData: "
    "Set GotoIf Gosub Macro NoOp Return Hangup Dial Answer MixMonitor Goto\r\n\r\n"
    "Avasanj: received\r\nAt: 17953109\r\n\r\nEvent: VarSet\r\nPrivilege: dialplan,all\r\nTimestamp: 17953109\r\n"
)
WORDS = (
    _CDR + _CEL + _REPORTS + _QUEUES + _CALLS + "Dest" + _CHANNEL.format("Dest") + _TAIL
    + _CHANNEL.format("") + "Variable: MACRO_ ARG1 DIALSTATUS QUEUESTATUS BRIDGEPEER MIXMONITOR_FILENAME\r\nValue: \r\n\r\n"
).encode("ascii")  # fmt: skip
