// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {JobId} from "../../../contracts/types/JobId.sol";
import {Permit} from "../../../contracts/types/Permit.sol";
import {InputMode, Mode, Request} from "../../../contracts/types/Request.sol";
import {MoneyHandler} from "./MoneyHandler.sol";
import {Model} from "./World.sol";

/// Requests: sent, signed and brought by a stranger, with a permit, in batches, forged, repeated; and their nonces.
abstract contract RequestHandler is MoneyHandler {
    uint256 private constant MAX_JOBS = 12;

    uint256 private _nextNonce;

    function request(uint256 seed) external observed(seed) {
        uint256 kind = _draw(10);
        if (kind == 9 && jobs.length != 0) return _repeat();
        if (jobs.length + 2 > MAX_JOBS) return;
        if (kind < 4) _send(_draft(_draw(ACTORS)));
        else if (kind < 6) _bring(_draft(_draw(SIGNERS)));
        else if (kind == 6) _sendPermit();
        else if (kind == 7) _sendBatch();
        else if (kind == 8) _forgeSignature(_draft(_draw(SIGNERS)));
    }

    /// Signed requests with the next nonces, or the one after, become worthless.
    function invalidateNonce(uint256 seed) external observed(seed) {
        (address who, uint256 nonce) = (accounts[_draw(SIGNERS)], _nextNonce + _draw(2));
        if (_agree(2, _call(who, abi.encodeCall(market.invalidateNonce, (nonce))), true, "invalidateNonce"))
            invalidated[who][nonce] = true;
    }

    /// For campaigns that shall begin with something going on.
    function _send(Request memory r) internal {
        bool allowed = _canOpen(r);
        uint256[] memory before = _weigh(r.token);
        if (_agree(2, _call(r.requester, abi.encodeCall(market.request, (r))), allowed, "request")) _open(r);
        _judge(r.token, before);
    }

    /// A request that is valid but for what models, router and balances say.
    function _draft(uint256 who) internal returns (Request memory r) {
        Model storage m = models[_draw(models.length)];
        r.requester = accounts[who];
        r.modelId = m.id;
        r.inputMode = m.inputMode;
        r.input = m.inputMode == InputMode.PUBLIC ? PUBLIC_INPUT : COMMITTED_INPUT;
        r.token = address(tokens[_draw(2) * _draw(tokens.length)]);
        if (_draw(8) != 0) {
            r.minFee = uint96(_draw(20 ether));
            r.maxFee = r.minFee + uint96(_draw(30 ether));
        }
        r.collateral = uint96(_draw(8) == 0 ? 0 : _draw(100 ether));
        r.rampStart = uint64(time - 100 + _draw(400));
        r.rampLength = uint32(_draw(1_000));
        r.claimDeadline = uint64((r.rampStart > time ? r.rampStart : time) + 1 + _draw(1_500));
        r.proofWindow = uint32(_draw(8) == 0 ? 1 : 200 + _draw(600));
        uint256 dispute;
        if (m.inputMode == InputMode.PUBLIC && _draw(4) != 0) {
            r.mode = Mode.OPTIMISTIC;
            r.challengeWindow = uint32(MIN_CHALLENGE_WINDOW + _draw(600));
            r.proposerBond = r.maxFee + uint96(1 + _draw(10 ether));
            r.challengerBond = uint96(1 + _draw(r.proposerBond));
            dispute = uint256(r.challengeWindow) + r.proofWindow;
        }
        // The longest job that the market takes, now and then.
        r.deadline =
            _draw(4) == 0
                ? uint64(time + MAX_JOB_SECONDS)
                : uint64(r.claimDeadline + r.proofWindow + dispute + MIN_RESCUE + _draw(500));
        r.maxRoyaltyBps = _draw(6) == 0 ? 500 : uint16(BPS);
        if (_draw(2) == 0) (r.consumer, r.callbackGas) = (consumers[_draw(2) * _draw(consumers.length)], CALLBACK_GAS);
        r.nonce = _nextNonce++;
    }

    /// Whether the requester's word is all that is missing.
    function _canOpen(Request memory r) private view returns (bool) {
        Model storage m = models[_modelOf(r)];
        return
            active[m.selector] &&
            !keyStopped[m.key] &&
            !m.deprecated &&
            m.royaltyBps <= r.maxRoyaltyBps &&
            held[r.token][r.requester].balance >= r.maxFee;
    }

    function _open(Request memory r) private {
        _opened(r, market.jobIdOf(r), _modelOf(r));
        reached[r.mode == Mode.OPTIMISTIC ? bytes32("opened, optimistic") : bytes32("opened")] += 1;
    }

    function _modelOf(Request memory r) private view returns (uint256 model) {
        while (models[model].id != r.modelId) ++model;
    }

    function _sign(uint256 signer, Request memory r) private view returns (bytes memory) {
        (uint8 v, bytes32 sigR, bytes32 sigS) = vm.sign(keys[signer], JobId.unwrap(market.jobIdOf(r)));
        return abi.encodePacked(sigR, sigS, v);
    }

    function _bring(Request memory r) private {
        bool allowed = _canOpen(r) && !invalidated[r.requester][r.nonce];
        bytes memory data = abi.encodeCall(market.requestBySignature, (r, _sign(indexOf[r.requester], r)));
        uint256[] memory before = _weigh(r.token);
        if (_agree(2, _call(accounts[STRANGER], data), allowed, "requestBySignature")) {
            _open(r);
            reached["opened by signature"] += 1;
        }
        _judge(r.token, before);
    }

    /// Another's signature, or none at all, spends nobody's balance.
    function _forgeSignature(Request memory r) private {
        uint256 forger = (indexOf[r.requester] + 1) % SIGNERS;
        bytes memory data = abi.encodeCall(market.requestBySignature, (r, _sign(forger, r)));
        if (_draw(2) == 0) data = abi.encodeCall(market.request, (r));
        uint256[] memory before = _weigh(r.token);
        _agree(10, _call(accounts[forger], data), false, "a request in another's name");
        _judge(r.token, before);
    }

    /// The pauper has tokens, and no balance: the permit brings what the fee needs.
    function _sendPermit() private {
        Request memory r = _draft(PAUPER);
        (Permit memory permit, bool enough) = _fundPauper(r);
        bytes memory signature = _sign(PAUPER, r);
        uint256 lack = permit.value;
        held[r.token][r.requester].balance += lack; // as if, to ask whether all else allows it
        bool allowed = _canOpen(r) && enough && !invalidated[r.requester][r.nonce];
        held[r.token][r.requester].balance -= lack;
        uint256[] memory before = _weigh(r.token);
        bytes memory data = abi.encodeCall(market.requestWithPermit, (r, signature, permit));
        if (_agree(2, _call(accounts[STRANGER], data), allowed, "requestWithPermit")) {
            if (lack != 0) _credited(r.token, r.requester, lack);
            _open(r);
            reached["opened by permit"] += 1;
        }
        _judge(r.token, before);
    }

    /// Gives the pauper the tokens that its balance lacks for the fee, and its permit for them.
    function _fundPauper(Request memory r) private returns (Permit memory permit, bool enough) {
        uint256 t;
        while (address(tokens[t]) != r.token) ++t;
        uint256 available = held[r.token][r.requester].balance;
        uint256 lack = r.maxFee > available ? r.maxFee - available : 0;
        bool frozen = t == BLOCKLIST_TOKEN && isFrozen[r.requester] && lack != 0;
        if (lack != 0 && !frozen) tokens[t].mint(r.requester, lack);
        (uint8 v, bytes32 sigR, bytes32 sigS) = _signPermit(tokens[t], PAUPER, lack);
        if (_draw(2) == 0) tokens[t].permit(r.requester, address(market), lack, type(uint256).max, v, sigR, sigS);
        // A token that keeps a fee brings too little; the market says so, and nothing moves.
        return (Permit(lack, type(uint256).max, v, sigR, sigS), !frozen && _arrives(t, lack) == lack);
    }

    /// One's own and one that another signed: both, or none.
    function _sendBatch() private {
        Request[] memory batch = new Request[](2);
        bytes[] memory signatures = new bytes[](2);
        batch[0] = _draft(_draw(ACTORS));
        batch[1] = _draft(_draw(SIGNERS));
        batch[1].token = batch[0].token;
        signatures[1] = _sign(indexOf[batch[1].requester], batch[1]);
        bool allowed = _canOpen(batch[0]) && !invalidated[batch[1].requester][batch[1].nonce];
        if (allowed) {
            held[batch[0].token][batch[0].requester].balance -= batch[0].maxFee;
            allowed = _canOpen(batch[1]);
            held[batch[0].token][batch[0].requester].balance += batch[0].maxFee;
        }
        bytes memory data = abi.encodeCall(market.requestBatch, (batch, signatures));
        uint256[] memory before = _weigh(batch[0].token);
        if (_agree(2, _call(batch[0].requester, data), allowed, "requestBatch")) {
            _open(batch[0]);
            _open(batch[1]);
            reached["opened in a batch"] += 1;
        }
        _judge(batch[0].token, before);
    }

    /// A job's request again, whatever became of the job: an id is used once.
    function _repeat() private {
        Request memory r = requests[_draw(jobs.length)];
        uint256[] memory before = _weigh(r.token);
        _agree(2, _call(r.requester, abi.encodeCall(market.request, (r))), false, "a request opened twice");
        _judge(r.token, before);
    }
}
