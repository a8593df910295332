// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {Test} from "forge-std/Test.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {Artifacts} from "../Artifacts.sol";
import {IMarket, IMockProofSystem} from "../Deployed.sol";
import {IModelRegistry} from "../../../contracts/interfaces/IModelRegistry.sol";
import {IProofSystemRouter} from "../../../contracts/interfaces/IProofSystemRouter.sol";
import {MarketParameters} from "../../../contracts/types/MarketParameters.sol";
import {ModelId} from "../../../contracts/types/ModelId.sol";
import {ModelSpec} from "../../../contracts/types/ModelSpec.sol";
import {InputMode} from "../../../contracts/types/Request.sol";

/// Remembers what came of calling the market from within one of its calls.
interface IArmed {
    function lastOk() external view returns (bool);

    function lastReturn() external view returns (bytes memory);
}

interface IHostileConsumer is IArmed {
    function arm(bytes calldata data) external;
}

/// What the tokens of contracts/mocks/market offer, the odd ones included.
interface IToken is IERC20, IERC20Permit, IArmed {
    function mint(address to, uint256 amount) external;

    function setBlocked(address account, bool blocked) external;

    function arm(address target, bytes calldata data) external;
}

/// A model version, and what the second ledger knows of it.
struct Model {
    ModelId id;
    bytes32 key;
    bytes4 selector;
    IMockProofSystem system;
    InputMode inputMode;
    bool deprecated;
    uint256 royaltyBps;
    address royaltyPayee;
    bytes32 commitments; // what the id stood for when it was registered
    uint256 salt;
}

/// The stage: a market with four tokens, three models and five consumers, and everybody's accounts, funded. The durations
/// are short, and unbonding takes one second more than the longest job, so that campaigns reach every edge.
abstract contract World is Test {
    uint32 internal constant CANCEL_DELAY = 300;
    uint32 internal constant MIN_RESCUE = 600;
    uint32 internal constant MIN_CHALLENGE_WINDOW = 300;
    uint32 internal constant MAX_JOB_SECONDS = 10_000;
    uint32 internal constant UNBONDING_DELAY = MAX_JOB_SECONDS + 1;
    uint256 internal constant BPS = 10_000;
    uint16 internal constant BURN_BPS = 6_000;
    uint256 internal constant FUNDS = 1_000 ether;
    uint256 internal constant STAKE = 150 ether;
    uint32 internal constant CALLBACK_GAS = 300_000;

    bytes internal constant OUTPUT_A = hex"0102";
    bytes internal constant OUTPUT_B = hex"fe7f";
    bytes internal constant PUBLIC_INPUT = hex"00081004";
    bytes internal constant COMMITTED_INPUT = hex"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    bytes32 private constant PERMIT_TYPEHASH = keccak256(
        "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
    );

    // Tokens, by their place in `tokens`
    uint256 internal constant FEE_TOKEN = 1;
    uint256 internal constant BLOCKLIST_TOKEN = 2;
    uint256 internal constant REENTRANT_TOKEN = 3;

    // Accounts, by their place in `accounts`: four with keys, and the hostile consumer, act; the rest is paid.
    uint256 internal constant SIGNERS = 4;
    uint256 internal constant HOSTILE = 4;
    uint256 internal constant ACTORS = 5;
    uint256 internal constant PAUPER = 5; // pays by permit: has no balance of its own
    uint256 internal constant ROYALTY_PAYEE = 6;
    uint256 internal constant STRANGER = 7;

    address internal admin = makeAddr("admin");
    address internal guardian = makeAddr("guardian");
    address internal modelOwner = makeAddr("model owner");

    IProofSystemRouter internal router;
    IModelRegistry internal registry;
    IMarket internal market;
    IMockProofSystem[] internal systems; // the first `added` of them are known to the router
    uint256 internal added;
    IToken[] public tokens;
    address[] public accounts;
    uint256[] internal keys; // of accounts[0..3] and the pauper
    mapping(address account => uint256) internal indexOf;
    address[] internal consumers; // 0: the hostile one, which calls back into the market
    Model[] internal models;
    uint256 public time;

    // What the second ledger knows of the router
    mapping(bytes4 selector => bool) internal active;
    mapping(bytes32 key => bool) internal keyStopped;

    constructor() {
        time = 1_800_000_000;
        vm.warp(time);
        router = IProofSystemRouter(
            Artifacts.deploy("contracts/proofs/ProofSystemRouter.sol:ProofSystemRouter", abi.encode(admin, guardian))
        );
        registry = IModelRegistry(
            Artifacts.deploy("contracts/models/ModelRegistry.sol:ModelRegistry", abi.encode(router))
        );
        for (uint256 i = 0; i < 4; ++i) {
            bytes4 selector = bytes4(uint32(0x4d4f4330 + i));
            systems.push(
                IMockProofSystem(
                    Artifacts.deploy("contracts/mocks/proofs/MockProofSystem.sol:MockProofSystem", abi.encode(selector))
                )
            );
        }
        _addSystem();
        _addSystem();
        _deployMarket();
        _deployConsumers();
        _makeAccounts();
        _registerModel(systems[0], InputMode.PUBLIC, 1);
        _registerModel(systems[1], InputMode.PUBLIC, 2);
        _registerModel(systems[1], InputMode.COMMITTED, 3);
    }

    function _deployMarket() private {
        tokens.push(IToken(Artifacts.deploy("contracts/mocks/market/TestToken.sol:TestToken", "")));
        tokens.push(IToken(Artifacts.deploy("contracts/mocks/market/OddTokens.sol:FeeOnTransferToken", "")));
        tokens.push(IToken(Artifacts.deploy("contracts/mocks/market/OddTokens.sol:BlocklistToken", "")));
        tokens.push(IToken(Artifacts.deploy("contracts/mocks/market/OddTokens.sol:ReentrantToken", "")));
        MarketParameters memory p = MarketParameters({
            cancelDelay: CANCEL_DELAY,
            minRescue: MIN_RESCUE,
            minChallengeWindow: MIN_CHALLENGE_WINDOW,
            maxJobSeconds: MAX_JOB_SECONDS,
            unbondingDelay: UNBONDING_DELAY,
            burnBps: BURN_BPS,
            maxInputBytes: 64,
            maxCallbackGas: CALLBACK_GAS
        });
        market = IMarket(
            Artifacts.deploy(
                "contracts/market/InferenceMarket.sol:InferenceMarket",
                abi.encode(registry, router, tokens, p)
            )
        );
    }

    function _deployConsumers() private {
        consumers.push(Artifacts.deploy("contracts/mocks/market/HostileConsumers.sol:ReentrantConsumer", ""));
        consumers.push(Artifacts.deploy("contracts/mocks/market/HostileConsumers.sol:RevertingConsumer", ""));
        consumers.push(Artifacts.deploy("contracts/mocks/market/HostileConsumers.sol:GasBurningConsumer", ""));
        consumers.push(
            Artifacts.deploy("contracts/mocks/market/HostileConsumers.sol:ReturnBombConsumer", abi.encode(true, 50_000))
        );
        consumers.push(Artifacts.deploy("contracts/mocks/market/HostileConsumers.sol:RecordingConsumer", ""));
    }

    function _makeAccounts() private {
        string[4] memory names = ["ada", "bob", "cyd", "dan"];
        for (uint256 i = 0; i < SIGNERS; ++i) _newSigner(names[i]);
        accounts.push(consumers[0]);
        keys.push(0);
        _newSigner("pauper");
        accounts.push(makeAddr("royalty payee"));
        accounts.push(makeAddr("stranger"));
        accounts.push(address(tokens[REENTRANT_TOKEN])); // so that it has something to gain by calling back
        for (uint256 i = 0; i < accounts.length; ++i) indexOf[accounts[i]] = i;
    }

    function _newSigner(string memory name) private {
        (address account, uint256 key) = makeAddrAndKey(name);
        accounts.push(account);
        keys.push(key);
    }

    function _addSystem() internal {
        IMockProofSystem system = systems[added++];
        vm.prank(admin);
        router.add(system);
        active[system.selector()] = true;
    }

    /// A model of modelOwner's with a key of its own: four u8 (or a commitment) to two i8.
    function _registerModel(IMockProofSystem system, InputMode inputMode, uint256 salt) internal {
        bytes4 selector = system.selector();
        bytes32 key = system.registerKey(
            abi.encodePacked(
                selector,
                uint8(inputMode),
                uint16(_specs(4, 1, 0, 16).length),
                _specs(4, 1, 0, 16),
                uint16(_specs(2, 0, -128, 127).length),
                _specs(2, 0, -128, 127),
                salt
            )
        );
        ModelSpec memory spec = _spec(selector, key);
        vm.prank(modelOwner);
        ModelId id = registry.registerModel(spec);
        models.push(Model(id, key, selector, system, inputMode, false, spec.royaltyBps, spec.royaltyPayee, 0, salt));
        models[models.length - 1].commitments = commitmentsOf(models.length - 1);
    }

    function _spec(bytes4 selector, bytes32 key) internal view returns (ModelSpec memory) {
        return
            ModelSpec({
                proofSystem: selector,
                keyHash: key,
                graphHash: keccak256("graph"),
                weightsHash: keccak256("weights"),
                inputSpecHash: keccak256(_specs(4, 1, 0, 16)),
                outputSpecHash: keccak256(_specs(2, 0, -128, 127)),
                setupHash: keccak256("transcript"),
                cid: abi.encodePacked(hex"01701220", keccak256("package")),
                previous: ModelId.wrap(0),
                name: "campaign",
                royaltyPayee: accounts[ROYALTY_PAYEE],
                royaltyBps: 500
            });
    }

    /// One tensor of rank 1.
    function _specs(uint32 size, uint8 typeCode, int32 lo, int32 hi) private pure returns (bytes memory) {
        return abi.encodePacked(uint8(1), uint8(1), size, typeCode, int8(4), lo, hi);
    }

    /// All that the chain can tell about what a model id stands for.
    function commitmentsOf(uint256 model) public view returns (bytes32) {
        Model storage m = models[model];
        (address owner, bytes4 selector, bytes32 key, bytes32 setupHash, ModelId previous, ) = registry.modelOf(m.id);
        bytes32 told = keccak256(abi.encode(owner, selector, key, setupHash, previous));
        (bytes32 settledBy, ) = registry.settlementTerms(m.id, 0);
        (bytes32 inputSpecs, bytes32 outputSpecs) = m.system.specHashes(key);
        return keccak256(abi.encode(told, settledBy, inputSpecs, outputSpecs, keccak256(m.system.keyOf(key))));
    }

    /// The market's permit to take `value` of a signer's tokens.
    function _signPermit(
        IToken token,
        uint256 signer,
        uint256 value
    ) internal view returns (uint8 v, bytes32 r, bytes32 s) {
        bytes32 structHash = keccak256(
            abi.encode(
                PERMIT_TYPEHASH,
                accounts[signer],
                address(market),
                value,
                token.nonces(accounts[signer]),
                type(uint256).max
            )
        );
        return vm.sign(keys[signer], keccak256(abi.encodePacked("\x19\x01", token.DOMAIN_SEPARATOR(), structHash)));
    }
}
